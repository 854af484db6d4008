import { RunAnswer } from '../../api/models/run-answer';

const CLASS_PREFIX = 'class_';

export interface ClassShare {
  readonly name: string;
  readonly count: number;
  /** Of all objects, or named images, of the version. */
  readonly share: number;
}

/** One version of a model over all its hours. Null: no hour tells. */
export interface VersionTotals {
  readonly version: string;
  readonly windows: number;
  readonly predictions: number;
  readonly failures: number;
  readonly failureShare: number | null;
  /** Means of the hours' percentiles, each hour counting as much as it had predictions. */
  readonly latencyMs: Readonly<Record<'p50' | 'p95', number | null>>;
  readonly meanConfidence: number | null;
  /** Null also for a model that names whole images. */
  readonly objectsPerImage: number | null;
  readonly classes: readonly ClassShare[];
}

/** Names of the models that have windows, the one of the newest window first. */
export function modelsOf(runs: readonly RunAnswer[]): string[] {
  return [...new Set(windowsOf(runs).map((run) => run.model ?? ''))];
}

/** Runs that are windows (a run can also be one prediction), newest first. */
export function windowsOf(runs: readonly RunAnswer[]): RunAnswer[] {
  return runs
    .filter((run) => run.window_start !== null && run.model !== null && run.version !== null)
    .sort((a, b) => windowSeconds(b) - windowSeconds(a));
}

export function windowSeconds(run: RunAnswer): number {
  return Date.parse(run.window_start ?? '') / 1000;
}

/** Totals of each version of a model, the highest version first. */
export function versionTotals(runs: readonly RunAnswer[], model: string): VersionTotals[] {
  const byVersion = new Map<string, RunAnswer[]>();
  for (const run of windowsOf(runs).filter((one) => one.model === model)) {
    const version = run.version ?? '';
    byVersion.set(version, [...(byVersion.get(version) ?? []), run]);
  }
  return [...byVersion]
    .map(([version, windows]) => totalsOf(version, windows))
    .sort((a, b) => b.version.localeCompare(a.version, undefined, { numeric: true }));
}

function totalsOf(version: string, windows: readonly RunAnswer[]): VersionTotals {
  const classes = classShares(windows);
  const predictions = sum(windows, 'predictions');
  // A model that names whole images finds no objects, and is sure of each image once.
  const counts = sum(windows, 'detections') > 0 || classes.length === 0;
  const findings = counts ? 'detections' : 'predictions';
  const failures = sum(windows, 'errors') + sum(windows, 'timeouts');
  return {
    version,
    windows: windows.length,
    predictions,
    failures,
    failureShare: predictions > 0 ? failures / predictions : null,
    latencyMs: {
      p50: weightedMean(windows, 'latency_p50_ms', 'predictions'),
      p95: weightedMean(windows, 'latency_p95_ms', 'predictions'),
    },
    meanConfidence: weightedMean(windows, 'mean_confidence', findings),
    objectsPerImage: counts && predictions > 0 ? sum(windows, 'detections') / predictions : null,
    classes,
  };
}

function classShares(windows: readonly RunAnswer[]): ClassShare[] {
  const counts = new Map<string, number>();
  for (const [metric, value] of windows.flatMap((run) => Object.entries(run.metrics))) {
    if (!metric.startsWith(CLASS_PREFIX)) continue;
    const name = metric.slice(CLASS_PREFIX.length);
    counts.set(name, (counts.get(name) ?? 0) + (value ?? 0));
  }
  const all = [...counts.values()].reduce((a, b) => a + b, 0);
  return [...counts]
    .map(([name, count]) => ({ name, count, share: all > 0 ? count / all : 0 }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function sum(windows: readonly RunAnswer[], metric: string): number {
  return windows.reduce((total, run) => total + (run.metrics[metric] ?? 0), 0);
}

function weightedMean(
  windows: readonly RunAnswer[],
  metric: string,
  weight: string,
): number | null {
  let total = 0;
  let weights = 0;
  for (const { metrics } of windows) {
    const value = metrics[metric];
    const counted = metrics[weight] ?? 0;
    if (value === null || value === undefined) continue;
    total += value * counted;
    weights += counted;
  }
  return weights > 0 ? total / weights : null;
}
