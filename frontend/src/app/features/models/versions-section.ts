import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  input,
  linkedSignal,
  resource,
} from '@angular/core';
import { Api } from '../../api/api';
import { listRuns } from '../../api/fn/records/list-runs';
import { ModelInfoAnswer } from '../../api/models/model-info-answer';
import { RunAnswer } from '../../api/models/run-answer';
import { failureOf } from '../../core/failure';
import { ServerStatus } from '../../core/server-status';
import { Chart } from '../../shared/chart/chart';
import { classColor } from '../../shared/class-colors';
import { formatMilliseconds } from '../../shared/format';
import { PageState } from '../../shared/page-state';
import { versionChart } from './version-charts';
import { modelsOf, versionTotals, windowsOf } from './version-totals';
import { VersionTable } from './version-table';
import { WindowTable } from './window-table';

const MOST_WINDOWS = 200;

/** The versions of a model side by side, as MLflow has them. Its failure stays its own. */
@Component({
  selector: 'sg-versions-section',
  imports: [Chart, PageState, VersionTable, WindowTable],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './versions-section.html',
  styleUrl: './versions-section.scss',
})
export class VersionsSection {
  /** The model that answers now; null: not known. */
  readonly served = input.required<ModelInfoAnswer | null>();

  protected readonly mostWindows = MOST_WINDOWS;
  protected readonly formatMilliseconds = formatMilliseconds;
  protected readonly formatCount = formatCount;
  protected readonly formatShare = (value: number) => value.toFixed(2);
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);
  protected readonly answer = resource({
    params: () => this.server.returned(),
    loader: () => this.api.invoke(listRuns, { limit: MOST_WINDOWS }),
  });
  protected readonly failure = computed(() => {
    const error = this.answer.error();
    return error ? failureOf(error) : null;
  });
  private readonly runs = computed<readonly RunAnswer[]>(() =>
    this.answer.hasValue() ? this.answer.value().runs : [],
  );
  protected readonly models = computed(() => modelsOf(this.runs()));
  /** The model served now when it has windows, until a person chooses. */
  protected readonly model = linkedSignal(() => {
    const served = this.served()?.model_name;
    return this.models().find((name) => name === served) ?? this.models()[0] ?? '';
  });
  protected readonly windows = computed(() =>
    windowsOf(this.runs()).filter((run) => run.model === this.model()),
  );
  protected readonly totals = computed(() => versionTotals(this.runs(), this.model()));
  protected readonly servedVersion = computed(() => {
    const served = this.served();
    return served?.model_name === this.model() ? served.version : null;
  });
  /** Colours of the classes, known only for the model that is served. */
  protected readonly colors = computed(
    () => new Map(this.served()?.classes.map((name, id) => [name, classColor(id)])),
  );
  protected readonly charts = computed(() => ({
    predictions: this.chart('predictions'),
    latency: this.chart('latency_p95_ms'),
    confidence: this.chart('mean_confidence'),
  }));

  protected choose(event: Event): void {
    this.model.set((event.target as HTMLSelectElement).value);
  }

  private chart(metric: string) {
    const versions = this.totals().map((one) => one.version);
    return versionChart(this.runs(), this.model(), versions, metric);
  }
}

function formatCount(value: number): string {
  return Math.round(value).toLocaleString();
}
