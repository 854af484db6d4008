import { ListPredictions$Params } from '../../api/fn/records/list-predictions';
import { formatTime } from '../../shared/format';

/** The API's filters by its own names, which are also those in the page's address. */
export const FILTER_NAMES = [
  'class',
  'outcome',
  'verdict',
  'since',
  'until',
  'model',
  'version',
  'source',
  'lowest_confidence',
  'min_confidence',
] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

/** What is set, as text: the server judges it, so that a wrong link says why it is wrong. */
export type HistoryFilter = Readonly<Partial<Record<FilterName, string>>>;

interface Parameters {
  get(name: string): string | null;
}

export function filterFromUrl(parameters: Parameters): HistoryFilter {
  return tidy(Object.fromEntries(FILTER_NAMES.map((name) => [name, parameters.get(name)])));
}

/** The query of the page's address; what is not set is null, which takes it out. */
export function urlFromFilter(filter: HistoryFilter): Record<FilterName, string | null> {
  const entries = FILTER_NAMES.map((name) => [name, filter[name] ?? null]);
  return Object.fromEntries(entries) as Record<FilterName, string | null>;
}

/** The parameters of `GET /predictions`. */
export function queryFromFilter(filter: HistoryFilter): ListPredictions$Params {
  return { ...filter } as unknown as ListPredictions$Params;
}

/** Without what is empty, in the order of the names: equal filters have equal JSON. */
export function tidy(fields: Partial<Record<string, string | null>>): HistoryFilter {
  const set = FILTER_NAMES.map((name) => [name, fields[name]?.trim()] as const);
  return Object.fromEntries(set.filter(([, value]) => value));
}

const WORDS: Record<string, string> = {
  timed_out: 'timed out',
  sync: 'answered at once',
  async: 'queued as a task',
  cli: 'command line',
};

/** One filter in words: `class car`, `since 3 May 2026, 10:00:00`. */
export function describeFilter(name: FilterName, value: string): string {
  switch (name) {
    case 'since':
    case 'until':
      return `${name === 'since' ? 'since' : 'before'} ${describeTime(value)}`;
    case 'lowest_confidence':
      return `least confident below ${value}`;
    case 'min_confidence':
      return `most confident at least ${value}`;
    case 'verdict':
      return value === 'none' ? 'no verdict yet' : `said to be ${value}`;
    case 'outcome':
      return WORDS[value] ?? value;
    case 'source':
      return `source ${WORDS[value] ?? value}`;
    default:
      return `${name} ${value}`;
  }
}

function describeTime(value: string): string {
  const time = timeOf(value);
  return time ? formatTime(time.toISOString()) : value;
}

/** The value of a `datetime-local` field, in the browser's zone, for a time of the API. */
export function localFromTime(value: string | undefined): string {
  const time = value ? timeOf(value) : null;
  if (!time) return '';
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** The API's time for a `datetime-local` field: ISO 8601 in UTC; empty when there is none. */
export function timeFromLocal(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** The whole minute that lies `hours` before `now` (milliseconds since 1970). */
export function hoursBefore(hours: number, now: number): string {
  const minute = Math.floor(now / 60_000) * 60_000;
  return new Date(minute - hours * 3_600_000).toISOString();
}

// As the API reads it: ISO 8601 (UTC when no zone is given) or seconds since 1970.
function timeOf(value: string): Date | null {
  const seconds = Number(value);
  const zoned = /T[^Z+-]*$/.test(value) ? `${value}Z` : value;
  const time = new Date(Number.isFinite(seconds) ? seconds * 1000 : zoned);
  return Number.isNaN(time.getTime()) ? null : time;
}
