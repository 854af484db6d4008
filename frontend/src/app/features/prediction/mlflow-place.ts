import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { mdiOpenInNew } from '@mdi/js';
import { PredictionRecord } from '../../api/models/prediction-record';
import { CopyButton } from '../../shared/copy-button';
import { Icon } from '../../shared/icon';

const TRACE_WAIT_MS = 60_000;

/** Where MLflow shows the prediction: links, or ids while its address is not known. */
@Component({
  selector: 'sg-mlflow-place',
  imports: [CopyButton, Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h3>MLflow</h3>
    @if (places().length === 0) {
      <p class="quiet">MLflow has not got it yet.</p>
    } @else {
      <ul role="list">
        @for (place of places(); track place.name) {
          <li>
            @if (place.url) {
              <a [href]="place.url" target="_blank" rel="noopener">
                {{ place.name }} in MLflow <sg-icon [path]="openIcon" />
                <span class="visually-hidden">(opens a new tab)</span>
              </a>
            } @else {
              {{ place.name }}
            }
            <span class="code quiet">{{ place.id }}</span>
            <sg-copy-button
              [label]="'Copy the ' + place.name.toLowerCase() + ' id'"
              [text]="place.id"
            />
          </li>
        }
      </ul>
      @if (isUntraced()) {
        <p class="quiet">
          No trace of its own: only some predictions are traced. It is in the table of its run.
        </p>
      }
    }
  `,
  styles: `
    h3 {
      margin: 16px 0 4px;
      color: var(--sg-quiet);
      font: var(--mat-sys-label-large);
    }

    p,
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }

    li {
      padding: 2px 0;
      overflow-wrap: anywhere;
    }

    a {
      margin-right: 8px;
    }

    sg-copy-button {
      --mat-icon-button-state-layer-size: 28px;
      margin-block: -8px;
    }
  `,
})
export class MlflowPlace {
  readonly record = input.required<PredictionRecord>();
  /** Milliseconds since 1970. */
  readonly now = input.required<number>();

  protected readonly openIcon = mdiOpenInNew;
  protected readonly places = computed(() => {
    const { trace_id, trace_url, run_id, run_url } = this.record().mlflow;
    return [
      { name: 'Trace', id: trace_id, url: trace_url },
      { name: 'Run', id: run_id, url: run_url },
    ].filter((place): place is { name: string; id: string; url: string | null } => !!place.id);
  });
  protected readonly isUntraced = computed(() => {
    const { mlflow, created_at } = this.record();
    return !mlflow.trace_id && this.now() - Date.parse(created_at) > TRACE_WAIT_MS;
  });
}
