export interface BundleMetrics {
  /** Of the model as a whole, as the bundle names them. */
  readonly overall: readonly (readonly [name: string, value: number])[];
  /** Names of the metrics that are given by class. */
  readonly columns: readonly string[];
  readonly classes: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** The metrics of a bundle as tables: `mAP50/car` is the mAP50 of class car. */
export function bundleMetrics(metrics: Readonly<Record<string, number>>): BundleMetrics {
  const entries = Object.entries(metrics).map(([key, value]) => ({ ...split(key), value }));
  const byClass = entries.filter((entry) => entry.className !== null);
  const columns = [...new Set(byClass.map((entry) => entry.metric))];
  const names = [...new Set(byClass.map((entry) => entry.className ?? ''))];
  return {
    overall: entries
      .filter((entry) => entry.className === null)
      .map((entry) => [entry.metric, entry.value]),
    columns,
    classes: names.map((name) => ({
      name,
      values: columns.map((column) => metrics[`${column}/${name}`] ?? null),
    })),
  };
}

function split(key: string): { metric: string; className: string | null } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { metric: key, className: null }
    : { metric: key.slice(0, slash), className: key.slice(slash + 1) };
}
