export const RANGES = [
  { minutes: 15, name: '15 min' },
  { minutes: 60, name: '1 h' },
  { minutes: 360, name: '6 h' },
  { minutes: 1440, name: '24 h' },
] as const;

const USUAL_MINUTES = 60;

/** The range that a word in the address stands for; one hour for any other word. */
export function minutesOf(word: string | undefined): number {
  return RANGES.find((range) => String(range.minutes) === word)?.minutes ?? USUAL_MINUTES;
}
