import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { PredictionRecord } from '../../api/models/prediction-record';
import { CopyButton } from '../../shared/copy-button';
import { formatBytes, formatTime } from '../../shared/format';
import { ClassChoice } from './corrections';

const AS_MODEL = 'as the model says';

/** What is known of the prediction besides its objects, and what was asked for. */
@Component({
  selector: 'sg-prediction-facts',
  imports: [CopyButton, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './prediction-facts.html',
  styleUrl: './prediction-facts.scss',
})
export class PredictionFacts {
  readonly record = input.required<PredictionRecord>();
  readonly classes = input<readonly ClassChoice[]>([]);

  protected readonly time = formatTime;
  protected readonly bytes = formatBytes;
  protected readonly options = computed(() => {
    const { confidence, iou, max_detections } = this.record().options;
    return [
      { name: 'Confidence at least', value: confidence ?? AS_MODEL },
      { name: 'Overlap (IoU) up to', value: iou ?? AS_MODEL },
      { name: 'Classes', value: this.classNames() },
      { name: 'Objects at most', value: max_detections ?? AS_MODEL },
    ];
  });

  protected short(id: string): string {
    return `${id.slice(0, 10)}…${id.slice(-6)}`;
  }

  private classNames(): string {
    const ids = this.record().options.classes;
    if (ids === null) return 'all';
    const names = new Map(this.classes().map(({ id, name }) => [id, name]));
    return ids.map((id) => names.get(id) ?? `class ${id}`).join(', ') || 'none';
  }
}
