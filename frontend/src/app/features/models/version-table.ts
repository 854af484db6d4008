import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { formatMilliseconds } from '../../shared/format';
import { VersionTotals } from './version-totals';

interface Row {
  readonly name: string;
  readonly about?: string;
  readonly value: (totals: VersionTotals) => string;
}

const ROWS: readonly Row[] = [
  { name: 'Predictions', value: (t) => t.predictions.toLocaleString() },
  { name: 'Hours', about: 'with predictions', value: (t) => t.windows.toLocaleString() },
  {
    name: 'Failed or out of time',
    value: (t) => `${t.failures.toLocaleString()} (${percent(t.failureShare)})`,
  },
  {
    name: 'Latency p50',
    about: 'mean of the hours, by predictions',
    value: (t) => milliseconds(t.latencyMs.p50),
  },
  {
    name: 'Latency p95',
    about: 'mean of the hours, by predictions',
    value: (t) => milliseconds(t.latencyMs.p95),
  },
  { name: 'Mean confidence', about: 'of what was found', value: (t) => decimal(t.meanConfidence) },
  { name: 'Objects per image', value: (t) => decimal(t.objectsPerImage) },
];

/** Totals with a column for each version. */
@Component({
  selector: 'sg-version-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './version-table.html',
  styleUrl: './version-table.scss',
})
export class VersionTable {
  readonly totals = input.required<readonly VersionTotals[]>();
  /** The version that answers now, if it is one of these. */
  readonly served = input.required<string | null>();
  readonly colors = input.required<ReadonlyMap<string, string>>();

  protected readonly rows = ROWS;
  protected readonly classNames = computed(() => {
    const names = this.totals().flatMap((totals) => totals.classes.map((one) => one.name));
    return [...new Set(names)].sort();
  });

  protected classOf(totals: VersionTotals, name: string) {
    const found = totals.classes.find((one) => one.name === name);
    return { count: found?.count ?? 0, percent: Math.round((found?.share ?? 0) * 100) };
  }
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : formatMilliseconds(value);
}

function decimal(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}
