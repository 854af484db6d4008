import type uPlot from 'uplot';
import { ChartSeries, pointedSteps, stackedValues } from './chart-series';

export type ChartKind = 'lines' | 'stacked';

export interface ChartLook {
  readonly kind: ChartKind;
  readonly series: readonly ChartSeries[];
  /** Resolves a CSS colour for the canvas. */
  readonly color: (css: string) => string;
  /** The upper end of the scale, for shares; null: what the values need. */
  readonly top: number | null;
  readonly format: (value: number) => string;
  /** Charts of the same key show the same moment under the pointer. */
  readonly syncKey: string;
  readonly moved: (step: number | null) => void;
}

const FONT = '11px Roboto, sans-serif';
const HOUR = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** The columns of uPlot. Layers come highest first, so that each band ends at the next. */
export function chartColumns(
  times: readonly number[],
  series: readonly ChartSeries[],
  kind: ChartKind,
): uPlot.AlignedData {
  const values = kind === 'stacked' ? stackedValues(series).reverse() : series.map((s) => s.values);
  return [[...times], ...values.map((column) => [...column])];
}

export function chartOptions(look: ChartLook, width: number, height: number): uPlot.Options {
  const drawn = look.kind === 'stacked' ? look.series.toReversed() : look.series;
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 24, 0, 0],
    scales: { x: { range: timeRange }, y: { range: (_, __, most) => [0, look.top ?? roof(most)] } },
    axes: [timeAxis(look), valueAxis(look)],
    series: [{}, ...drawn.map((one) => drawnSeries(one, look))],
    bands:
      look.kind === 'stacked' ? drawn.slice(1).map((_, i) => ({ series: [i + 1, i + 2] })) : [],
    cursor: {
      drag: { x: false, y: false },
      y: false,
      points: { size: 6 },
      sync: { key: look.syncKey },
    },
    hooks: { setCursor: [(plot) => look.moved(plot.cursor.idx ?? null)] },
  };
}

function drawnSeries(one: ChartSeries, look: ChartLook): uPlot.Series {
  const stroke = look.color(one.color);
  return {
    label: one.name,
    stroke,
    width: look.kind === 'stacked' ? 1 : 1.75,
    dash: one.dash ? [...one.dash] : undefined,
    fill: look.kind === 'stacked' ? withAlpha(stroke, 0.55) : undefined,
    points: {
      show: false,
      size: 5,
      fill: stroke,
      filter: (plot, index) => {
        const steps = pointedSteps(plot.data[index] as (number | null)[]);
        return steps.length > 0 ? steps : null;
      },
    },
  };
}

function timeAxis(look: ChartLook): uPlot.Axis {
  return {
    ...axisColors(look),
    size: 28,
    space: 70,
    values: (_, seconds) => seconds.map(tickText),
  };
}

function valueAxis(look: ChartLook): uPlot.Axis {
  return {
    ...axisColors(look),
    size: 58,
    space: 32,
    values: (_, values) => values.map((value) => (value === 0 ? '0' : look.format(value))),
  };
}

function axisColors(look: ChartLook): Pick<uPlot.Axis, 'stroke' | 'font' | 'grid' | 'ticks'> {
  const line = { stroke: look.color('var(--sg-line)'), width: 1 };
  return {
    stroke: look.color('var(--sg-quiet)'),
    font: FONT,
    grid: { ...line, width: 0.5 },
    ticks: { ...line, size: 4 },
  };
}

/** Half an hour on each side of a single moment, for which uPlot would take years. */
function timeRange(plot: uPlot, from: number, to: number): uPlot.Range.MinMax {
  return plot.data[0].length === 1 ? [from - 1800, from + 1800] : [from, to];
}

/** A little above the greatest value; 1 when all are zero or none is known. */
export function roof(most: number | null): number {
  return most && most > 0 ? most * 1.1 : 1;
}

function tickText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  return (midnight ? DAY : HOUR).format(date);
}

/** `rgb(…)`, as computed styles give it, with an opacity. */
export function withAlpha(rgb: string, alpha: number): string {
  const numbers = rgb.match(/[\d.]+/g)?.slice(0, 3) ?? [];
  return rgb.startsWith('rgb') ? `rgba(${numbers.join(', ')}, ${alpha})` : rgb;
}
