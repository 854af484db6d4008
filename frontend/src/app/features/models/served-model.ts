import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { ImageSize } from '../../api/models/image-size';
import { ModelInfoAnswer } from '../../api/models/model-info-answer';
import { classColor, textOnClassColor } from '../../shared/class-colors';
import { CopyButton } from '../../shared/copy-button';
import { formatBytes } from '../../shared/format';
import { bundleMetrics } from './bundle-metrics';

/** The facts of the model that answers now. */
@Component({
  selector: 'sg-served-model',
  imports: [CopyButton],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './served-model.html',
  styleUrl: './served-model.scss',
})
export class ServedModel {
  readonly model = input.required<ModelInfoAnswer>();

  protected readonly metrics = computed(() => bundleMetrics(this.model().metrics));
  protected readonly classes = computed(() =>
    this.model().classes.map((name, id) => ({
      name,
      color: classColor(id),
      text: textOnClassColor(id),
    })),
  );
  protected readonly facts = computed(() => factsOf(this.model()));
}

function factsOf(model: ModelInfoAnswer): readonly (readonly [string, string])[] {
  const thresholds = Object.entries(model.thresholds).map(([name, value]) => `${name} ${value}`);
  return [
    ['Task', model.task],
    ['Engine', `${model.engine} ${model.engine_version}`],
    ['Precision', model.precision],
    ['Device', model.device],
    ['Streams', String(model.streams)],
    ['Memory', formatBytes(model.memory_bytes)],
    ['Input size', sizeText(model.input_size)],
    ['Compiled shapes', model.input_shapes.map(sizeText).join(', ') || 'none yet'],
    ['Stride', String(model.stride)],
    ['Thresholds', thresholds.join(', ') || 'none'],
    ['Licence', model.license],
    ['Source', model.source],
  ];
}

function sizeText(size: ImageSize): string {
  return `${size.width} × ${size.height}`;
}
