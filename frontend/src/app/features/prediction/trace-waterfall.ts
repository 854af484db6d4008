import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { formatMilliseconds } from '../../shared/format';
import { waterfall } from './waterfall';

/** Where the time of a prediction went: a table whose bars lie one after the other. */
@Component({
  selector: 'sg-trace-waterfall',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table class="table" data-testid="stages">
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col" class="number">Start</th>
          <th scope="col" class="number">Took</th>
          <td aria-hidden="true"></td>
        </tr>
      </thead>
      <tbody>
        @for (stage of stages(); track stage.name) {
          <tr>
            <th scope="row">{{ stage.name }}</th>
            <td class="number quiet">{{ format(stage.startMilliseconds) }}</td>
            <td class="number">{{ format(stage.milliseconds) }}</td>
            <td class="lane" aria-hidden="true">
              <span
                [class.rest]="stage.name === 'other'"
                [style.margin-left.%]="stage.startShare * 100"
                [style.width.%]="stage.share * 100"
              ></span>
            </td>
          </tr>
        }
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Whole</th>
          <td></td>
          <td class="number">{{ format(seconds() * 1000) }}</td>
          <td aria-hidden="true"></td>
        </tr>
      </tfoot>
    </table>
  `,
  styles: `
    th,
    td {
      padding: 5px 8px;
    }

    tr > :first-child {
      padding-left: 0;
    }

    tfoot > tr > * {
      border-bottom: 0;
      font-weight: 700;
    }

    .lane {
      width: 60%;
      padding-right: 0;
    }

    .lane span {
      display: block;
      box-sizing: border-box;
      min-width: 2px;
      max-width: 100%;
      height: 12px;
      border-radius: 3px;
      background: var(--mat-sys-primary);
    }

    .lane .rest {
      background: var(--mat-sys-outline);
    }

    td {
      white-space: nowrap;
    }
  `,
})
export class TraceWaterfall {
  readonly timings = input.required<Readonly<Record<string, number>>>();
  /** The whole time. */
  readonly seconds = input.required<number>();

  protected readonly stages = computed(() => waterfall(this.timings(), this.seconds()));
  protected readonly format = formatMilliseconds;
}
