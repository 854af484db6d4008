export interface StageTime {
  readonly name: string;
  readonly milliseconds: number;
  /** Of all stages together. */
  readonly share: number;
}

// In the order in which an image passes them.
const STAGES = ['receive', 'queue', 'decode', 'preprocess', 'inference', 'postprocess'];

// Rounding alone makes the stages and the total differ by less than this.
const LEAST_OTHER_MS = 0.05;

/** The stages of `timings`, known ones first in their order, and what is left of the total. */
export function stageTimes(
  timings: Readonly<Record<string, number>>,
  totalMilliseconds: number,
): readonly StageTime[] {
  const entries = [
    ...STAGES.filter((name) => name in timings),
    ...Object.keys(timings).filter((name) => !STAGES.includes(name)),
  ].map((name) => ({ name, milliseconds: timings[name] }));
  const measured = entries.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const other = totalMilliseconds - measured;
  if (other > LEAST_OTHER_MS) entries.push({ name: 'other', milliseconds: other });
  const whole = Math.max(measured, totalMilliseconds);
  return entries.map((entry) => ({
    ...entry,
    share: whole > 0 ? entry.milliseconds / whole : 0,
  }));
}
