/** One line, or one layer of a stack, over the times of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** Any CSS colour, also `var(--…)` and `light-dark(…)`. */
  readonly color: string;
  /** One for each time; null: nothing is known, which is drawn as a gap. */
  readonly values: readonly (number | null)[];
  /** Lengths of dashes and gaps in pixels, so that lines differ in more than their colour. */
  readonly dash?: readonly number[];
}

/** Colours that can be told apart on the surface of either scheme (3:1 and more). */
export const CHART_COLORS = [
  'light-dark(#0b57d0, #a8c7fa)',
  'light-dark(#b35900, #ffb871)',
  'light-dark(#146c5f, #6fd6c3)',
  'light-dark(#8e3ab5, #e3a8ff)',
  'light-dark(#a8324a, #ff9fb0)',
  'light-dark(#5c6670, #b8c2cc)',
  'light-dark(#6a6300, #d8cd5a)',
  'light-dark(#00639b, #7cd0ff)',
] as const;

export function chartColor(index: number): string {
  return CHART_COLORS[index % CHART_COLORS.length];
}

/** The newest value that is known. */
export function lastKnown(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/**
 * The layers as heights above zero, each on top of the ones before it.
 *
 * Where no layer is known the stack has a gap; where only some are, the others add nothing.
 */
export function stackedValues(layers: readonly ChartSeries[]): (number | null)[][] {
  const length = layers[0]?.values.length ?? 0;
  const known = Array.from({ length }, (_, step) =>
    layers.some((layer) => layer.values[step] !== null),
  );
  const sums = new Array<number>(length).fill(0);
  return layers.map((layer) =>
    known.map((isKnown, step) => (isKnown ? (sums[step] += layer.values[step] ?? 0) : null)),
  );
}

const FEW_STEPS = 24;

/**
 * Steps that get a point: those known between two that are not, which no line can show; all when
 * they are few, so that what was measured can be told from the line between.
 */
export function pointedSteps(values: readonly (number | null)[]): number[] {
  const known = (step: number) => (values[step] ?? null) !== null;
  const lonely = (step: number) => !known(step - 1) && !known(step + 1);
  const few = values.length <= FEW_STEPS;
  return values.flatMap((_, step) => (known(step) && (few || lonely(step)) ? [step] : []));
}

/** What a chart shows, in words: the last, least and greatest known value of each series. */
export function describeSeries(
  series: readonly ChartSeries[],
  format: (value: number) => string,
): string {
  return series.map((one) => `${one.name}: ${describeValues(one.values, format)}`).join('; ');
}

function describeValues(
  values: readonly (number | null)[],
  format: (value: number) => string,
): string {
  const known = values.filter((value) => value !== null);
  const last = lastKnown(values);
  if (last === null) return 'nothing known';
  const least = known.reduce((a, b) => Math.min(a, b));
  const most = known.reduce((a, b) => Math.max(a, b));
  return `last ${format(last)}, least ${format(least)}, most ${format(most)}`;
}
