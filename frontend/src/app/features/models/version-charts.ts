import { RunAnswer } from '../../api/models/run-answer';
import { chartColor, ChartSeries } from '../../shared/chart/chart-series';
import { formatVersion } from '../../shared/format';
import { windowSeconds, windowsOf } from './version-totals';

const HOUR_SECONDS = 3600;
const MOST_HOURS = 2000;
const DASHES = [undefined, [6, 4], [2, 3]];

export interface VersionChart {
  /** Seconds since 1970, one for each hour. */
  readonly times: readonly number[];
  /** A line for each version; null in hours that it did not serve. */
  readonly series: readonly ChartSeries[];
}

/** A metric of the windows of a model over the hours. `versions` say the order of the lines. */
export function versionChart(
  runs: readonly RunAnswer[],
  model: string,
  versions: readonly string[],
  metric: string,
): VersionChart {
  const windows = windowsOf(runs).filter((run) => run.model === model);
  const times = hoursOf(windows.map(windowSeconds));
  const series = versions.map((version, index) => {
    const values = new Map(
      windows
        .filter((run) => run.version === version)
        .map((run) => [windowSeconds(run), run.metrics[metric] ?? null]),
    );
    return {
      name: formatVersion(version),
      color: chartColor(index),
      dash: DASHES[index % DASHES.length],
      values: times.map((seconds) => values.get(seconds) ?? null),
    };
  });
  return { times, series };
}

/** Every hour between the first and the last, so that hours without predictions are gaps. */
function hoursOf(starts: readonly number[]): number[] {
  const sorted = [...new Set(starts)].sort((a, b) => a - b);
  const hours = sorted.length > 0 ? (sorted[sorted.length - 1] - sorted[0]) / HOUR_SECONDS + 1 : 0;
  if (!Number.isInteger(hours) || hours > MOST_HOURS) return sorted;
  return Array.from({ length: hours }, (_, hour) => sorted[0] + hour * HOUR_SECONDS);
}
