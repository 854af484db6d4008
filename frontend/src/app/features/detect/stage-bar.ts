import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { formatMilliseconds } from '../../shared/format';
import { stageTimes } from './stage-times';

/** How long each stage took, as one bar and as a list. */
@Component({
  selector: 'sg-stage-bar',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="bar" aria-hidden="true">
      @for (stage of stages(); track stage.name) {
        <span [attr.data-stage]="stage.name" [style.flex-grow]="stage.share"></span>
      }
    </div>
    <dl>
      @for (stage of stages(); track stage.name) {
        <div>
          <dt><span class="dot" [attr.data-stage]="stage.name"></span>{{ stage.name }}</dt>
          <dd class="number">{{ time(stage.milliseconds) }}</dd>
        </div>
      }
      <div class="total">
        <dt>total</dt>
        <dd class="number">{{ time(totalMilliseconds()) }}</dd>
      </div>
    </dl>
  `,
  styleUrl: './stage-bar.scss',
})
export class StageBar {
  readonly timings = input.required<Readonly<Record<string, number>>>();
  readonly totalMilliseconds = input.required<number>();
  protected readonly stages = computed(() => stageTimes(this.timings(), this.totalMilliseconds()));
  protected readonly time = formatMilliseconds;
}
