import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { Params, RouterLink, ActivatedRoute } from '@angular/router';
import {
  mdiAlertCircle,
  mdiCheck,
  mdiClockAlert,
  mdiClose,
  mdiImageOffOutline,
  mdiImageOutline,
} from '@mdi/js';
import { ModelInfoAnswer } from '../../api/models/model-info-answer';
import { PredictionSummary } from '../../api/models/prediction-summary';
import { ApiImage } from '../../shared/api-image';
import { classColor } from '../../shared/class-colors';
import { formatAge, formatMilliseconds, formatTime } from '../../shared/format';
import { Icon } from '../../shared/icon';
import { classCounts, confidenceRange } from './class-counts';

/** Predictions as rows, on a narrow screen as cards; each leads to its page. */
@Component({
  selector: 'sg-prediction-table',
  imports: [ApiImage, Icon, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './prediction-table.html',
  styleUrl: './prediction-table.scss',
})
export class PredictionTable {
  readonly predictions = input.required<readonly PredictionSummary[]>();
  readonly served = input<ModelInfoAnswer>();
  /** Milliseconds since 1970, for the ages. */
  readonly now = input.required<number>();

  protected readonly icons = {
    failed: mdiAlertCircle,
    timedOut: mdiClockAlert,
    right: mdiCheck,
    wrong: mdiClose,
    noImage: mdiImageOutline,
    lostImage: mdiImageOffOutline,
  };
  protected readonly color = classColor;
  protected readonly time = formatTime;
  protected readonly rows = computed(() =>
    this.predictions().map((prediction) => ({
      ...prediction,
      // A model that names whole images: its best class is no object to count.
      isNamed: prediction.num_instances === 0,
      counts: classCounts(prediction.classes, this.classesOf(prediction)),
      confidence: confidenceRange(prediction.min_confidence, prediction.max_confidence),
      took: formatMilliseconds(prediction.processing_time * 1000),
    })),
  );
  private readonly lost = signal<ReadonlySet<string>>(new Set());
  private readonly route = inject(ActivatedRoute);

  /** Never in the future, though the server's clock may be ahead of this one. */
  protected age(time: string): string {
    return formatAge(time, Math.max(this.now(), Date.parse(time)));
  }

  protected isShown(prediction: PredictionSummary): boolean {
    return prediction.has_image && !this.lost().has(prediction.id);
  }

  protected markLost(id: string): void {
    this.lost.update((ids) => new Set(ids).add(id));
  }

  /** What the prediction's page needs to lead back to this very list. */
  protected filters(): { filters: Params } {
    return { filters: this.route.snapshot.queryParams };
  }

  // Another model may number its classes in another way, and so colour them in another way.
  private classesOf(prediction: PredictionSummary): readonly string[] {
    const served = this.served();
    return served && prediction.model.name === served.model_name ? served.classes : [];
  }
}
