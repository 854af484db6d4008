// Numbers and times as people read them; everything in the browser's own language and zone.

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${BYTES[unit]}`;
}

/** `v3`; a version that is no number, such as a hash, as it is. */
export function formatVersion(version: string): string {
  return /^\d{1,4}(\.\d+)*$/.test(version) ? `v${version}` : version;
}

export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function formatTime(iso: string): string {
  return TIME.format(new Date(iso));
}

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `5 minutes ago`, at `now` (milliseconds since 1970). */
export function formatAge(iso: string, now: number): string {
  return formatAhead(Math.round((new Date(iso).getTime() - now) / 1000));
}

/** `in 5 minutes`; `5 minutes ago` for negative seconds. */
export function formatAhead(seconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  return RELATIVE.format(Math.round(seconds / length), unit);
}
