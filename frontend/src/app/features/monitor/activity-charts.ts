import { ActivityAnswer } from '../../api/models/activity-answer';
import { ChartKind } from '../../shared/chart/chart-options';
import { chartColor, ChartSeries } from '../../shared/chart/chart-series';
import { classColor } from '../../shared/class-colors';
import { formatMilliseconds } from '../../shared/format';
import { formatConfidence, formatCount, formatRate, formatSeconds } from './activity-format';

export interface ActivityChart {
  readonly heading: string;
  readonly unit: string;
  readonly kind: ChartKind;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Upper end of the scale; null: what the values need. */
  readonly top: number | null;
}

type Values = (number | null)[];
type Look = readonly [name: string, color: string, dash?: readonly number[]];

const GOOD = 'var(--sg-good)';
const WARN = 'var(--sg-warn)';
const BAD = 'var(--sg-bad)';
const REQUESTS: Readonly<Record<string, Look>> = {
  ok: ['ok', GOOD],
  client_error: ['client error', WARN, [6, 3]],
  refused: ['refused', chartColor(3), [2, 3]],
  server_error: ['server error', BAD, [8, 3, 2, 3]],
};
const OUTCOMES: Readonly<Record<string, Look>> = {
  succeeded: ['succeeded', GOOD],
  failed: ['failed', BAD, [8, 3, 2, 3]],
  timed_out: ['timed out', WARN, [6, 3]],
};
const PERCENTILES: Readonly<Record<string, Look>> = {
  p50: ['p50', chartColor(0)],
  p95: ['p95', chartColor(1), [6, 3]],
  p99: ['p99', chartColor(3), [2, 3]],
};

/**
 * All charts over time. `classes` are those of the model, in its order, for their colours;
 * `namesImages`: it names whole images instead of finding objects.
 */
export function activityCharts(
  activity: ActivityAnswer,
  classes: readonly string[],
  namesImages = false,
): ActivityChart[] {
  return [
    lines('Requests', 'per second', named(activity.requests, REQUESTS), formatRate),
    lines('Latency', 'of predictions', named(activity.latency_ms, PERCENTILES), formatMilliseconds),
    {
      ...lines('Stages', 'mean of each', named(activity.stage_ms, {}), formatMilliseconds),
      kind: 'stacked',
    },
    lines('Predictions', 'per second', named(activity.predictions, OUTCOMES), formatRate),
    lines('Queue', 'images that wait', one('waiting', activity.queue_length), formatCount),
    lines(
      'Journal lag',
      'age of the oldest',
      one('lag', activity.journal_lag_seconds),
      formatSeconds,
    ),
    lines(
      namesImages ? 'Classes' : 'Objects',
      'per second',
      objectSeries(activity.classes, classes),
      formatRate,
    ),
    {
      ...lines(
        'Mean confidence',
        namesImages ? 'of the best class' : 'of objects',
        one('mean', activity.confidence),
        formatConfidence,
      ),
      top: 1,
    },
  ];
}

function lines(
  heading: string,
  unit: string,
  series: readonly ChartSeries[],
  format: (value: number) => string,
): ActivityChart {
  return { heading, unit, kind: 'lines', series, format, top: null };
}

function one(name: string, values: Values): ChartSeries[] {
  return [{ name, color: chartColor(0), values }];
}

/** Series in the order of `looks`, then those that have none there. */
function named(
  found: Readonly<Record<string, Values>>,
  looks: Readonly<Record<string, Look>>,
): ChartSeries[] {
  const keys = [...Object.keys(looks), ...Object.keys(found)];
  return [...new Set(keys)]
    .filter((key) => key in found)
    .map((key, index) => {
      const [name, color, dash] = looks[key] ?? [key.replaceAll('_', ' '), chartColor(index)];
      return { name, color, dash, values: found[key] };
    });
}

/** A class that the model of now does not have gets a colour after all of its own. */
function objectSeries(
  found: Readonly<Record<string, Values>>,
  classes: readonly string[],
): ChartSeries[] {
  const unknown = Object.keys(found).filter((name) => !classes.includes(name));
  const order = [...classes, ...unknown.sort()];
  return Object.keys(found)
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((name) => ({ name, color: classColor(order.indexOf(name)), values: found[name] }));
}
