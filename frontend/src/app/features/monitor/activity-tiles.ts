import { ActivityAnswer } from '../../api/models/activity-answer';
import { formatMilliseconds } from '../../shared/format';
import { formatCount, formatRate, formatSeconds, formatShare } from './activity-format';

export type TileLevel = 'fine' | 'raised' | 'high';

export interface Tile {
  readonly name: string;
  readonly value: string;
  /** Null: no judgement, or nothing known. */
  readonly level: TileLevel | null;
  /** What the level means, or what is counted. */
  readonly about: string;
  /** Seconds since 1970 of the step that it is from; null: nothing is known. */
  readonly at: number | null;
}

type Series = readonly (number | null)[];

interface Measure {
  readonly name: string;
  readonly series: Series;
  readonly format: (value: number) => string;
  /** Raised from the first, high from the second. */
  readonly limits?: readonly [number, number];
}

/** The last known value of what matters most. */
export function activityTiles(activity: ActivityAnswer): Tile[] {
  return measuresOf(activity).map((measure) => tileOf(measure, activity.times));
}

/** Requests a second of all answers; null where none is known. */
export function totalRequests(activity: ActivityAnswer): (number | null)[] {
  const kinds = Object.values(activity.requests);
  return activity.times.map((_, step) => {
    const known = kinds.map((kind) => kind[step]).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
  });
}

/** The share of requests that the server failed or refused; null where nobody asked. */
export function errorShares(activity: ActivityAnswer): (number | null)[] {
  const { server_error: failed, refused } = activity.requests;
  return totalRequests(activity).map((total, step) =>
    total ? ((failed?.[step] ?? 0) + (refused?.[step] ?? 0)) / total : null,
  );
}

function measuresOf(activity: ActivityAnswer): Measure[] {
  return [
    {
      name: 'Requests per second',
      series: totalRequests(activity),
      format: formatRate,
    },
    {
      name: 'Latency, p95',
      series: activity.latency_ms['p95'] ?? [],
      format: formatMilliseconds,
      limits: [500, 2000],
    },
    {
      name: 'Failed or refused',
      series: errorShares(activity),
      format: formatShare,
      limits: [0.01, 0.05],
    },
    {
      name: 'Images waiting',
      series: activity.queue_length,
      format: formatCount,
      limits: [100, 1000],
    },
    {
      name: 'Journal lag',
      series: activity.journal_lag_seconds,
      format: formatSeconds,
      limits: [10, 60],
    },
  ];
}

function tileOf(measure: Measure, times: readonly number[]): Tile {
  const { name, series, format, limits } = measure;
  const step = series.findLastIndex((value) => value !== null);
  const value = series[step] ?? null;
  if (value === null) return { name, value: '–', level: null, about: 'nothing known', at: null };
  const found = { name, value: format(value), at: times[step] };
  if (!limits) return { ...found, level: null, about: 'all answers' };
  const level = levelOf(value, limits);
  return { ...found, level, about: levelText(level, limits, format) };
}

function levelOf(value: number, [raised, high]: readonly [number, number]): TileLevel {
  if (value >= high) return 'high';
  return value >= raised ? 'raised' : 'fine';
}

function levelText(
  level: TileLevel,
  [raised, high]: readonly [number, number],
  format: (value: number) => string,
): string {
  if (level === 'fine') return `fine, below ${format(raised)}`;
  return level === 'raised' ? `raised, from ${format(raised)}` : `high, from ${format(high)}`;
}
