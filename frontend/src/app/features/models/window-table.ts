import { ChangeDetectionStrategy, Component, computed, input, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { RunAnswer } from '../../api/models/run-answer';
import { formatMilliseconds } from '../../shared/format';

const SHOWN_FIRST = 12;
const HOUR = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** The windows of a model, each with the way to its run in MLflow. */
@Component({
  selector: 'sg-window-table',
  imports: [MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="scroll-x" tabindex="0" role="group" aria-label="Table of windows">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Hour</th>
            <th scope="col">Version</th>
            <th scope="col" class="number">Predictions</th>
            <th scope="col" class="number">Failed</th>
            <th scope="col" class="number">p95</th>
            <th scope="col" class="number">Confidence</th>
            <th scope="col"><span class="visually-hidden">In MLflow</span></th>
          </tr>
        </thead>
        <tbody>
          @for (row of rows(); track row.id) {
            <tr>
              <td>{{ row.hour }}</td>
              <td>{{ row.version }}</td>
              <td class="number">{{ row.predictions }}</td>
              <td class="number">{{ row.failed }}</td>
              <td class="number">{{ row.latency }}</td>
              <td class="number">{{ row.confidence }}</td>
              <td>
                <a
                  [href]="row.url"
                  target="_blank"
                  rel="noopener"
                  [attr.aria-label]="
                    'Version ' + row.version + ', ' + row.hour + ', in MLflow (opens a new tab)'
                  "
                  >MLflow</a
                >
              </td>
            </tr>
          }
        </tbody>
      </table>
    </div>
    @if (windows().length > rows().length) {
      <button mat-button type="button" (click)="showsAll.set(true)">
        Show all {{ windows().length }} windows
      </button>
    }
  `,
  styles: `
    :host {
      display: block;
    }

    /* What is hidden for the eye is to scroll with it, not to widen the page. */
    .scroll-x {
      position: relative;
    }

    th,
    td {
      padding: 6px 12px;
      white-space: nowrap;
    }
  `,
})
export class WindowTable {
  readonly windows = input.required<readonly RunAnswer[]>();

  protected readonly showsAll = signal(false);
  protected readonly rows = computed(() =>
    this.windows()
      .slice(0, this.showsAll() ? undefined : SHOWN_FIRST)
      .map(rowOf),
  );
}

function rowOf(run: RunAnswer) {
  const { predictions, errors, timeouts, latency_p95_ms, mean_confidence } = run.metrics;
  return {
    id: run.run_id,
    url: run.url,
    hour: HOUR.format(new Date(run.window_start ?? '')),
    version: run.version,
    predictions: text(predictions, (value) => value.toLocaleString()),
    failed: text((errors ?? 0) + (timeouts ?? 0), (value) => value.toLocaleString()),
    latency: text(latency_p95_ms, formatMilliseconds),
    confidence: text(mean_confidence, (value) => value.toFixed(2)),
  };
}

function text(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}
