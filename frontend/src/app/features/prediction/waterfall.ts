/** One stage of a prediction; shares are of the whole, 0 to 1. */
export interface Stage {
  readonly name: string;
  readonly startMilliseconds: number;
  readonly milliseconds: number;
  readonly startShare: number;
  readonly share: number;
}

// In the order in which an image goes through them.
const ORDER = ['receive', 'queue', 'decode', 'preprocess', 'inference', 'postprocess'];
// Timings are rounded to a microsecond each.
const ROUNDING_MILLISECONDS = 0.01;

/** The stages one after the other, and as `other` what they leave of the whole time. */
export function waterfall(
  timings: Readonly<Record<string, number>>,
  processingSeconds: number,
): Stage[] {
  const lengths = Object.entries(timings).sort(([a], [b]) => place(a) - place(b));
  const timed = lengths.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  const rest = processingSeconds * 1000 - timed;
  if (rest > ROUNDING_MILLISECONDS) lengths.push(['other', rest]);
  return stages(lengths, Math.max(timed, processingSeconds * 1000));
}

function stages(lengths: readonly [string, number][], total: number): Stage[] {
  let start = 0;
  return lengths.map(([name, milliseconds]) => {
    const stage = {
      name,
      startMilliseconds: start,
      milliseconds,
      startShare: total > 0 ? start / total : 0,
      share: total > 0 ? milliseconds / total : 0,
    };
    start += milliseconds;
    return stage;
  });
}

function place(name: string): number {
  const index = ORDER.indexOf(name);
  return index < 0 ? ORDER.length : index;
}
