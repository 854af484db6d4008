/** A rate or a count: as many digits as say something. */
export function formatRate(value: number): string {
  const digits = value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

/** A count that may be a mean of several looks: two digits below 1, one below 10, none above. */
export function formatCount(value: number): string {
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${formatCount(seconds)} s`;
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}

export function formatShare(share: number): string {
  const percent = share * 100;
  const digits = percent < 10 ? 1 : 0;
  return `${percent.toLocaleString(undefined, { maximumFractionDigits: digits })} %`;
}

export function formatConfidence(value: number): string {
  return value.toFixed(2);
}
