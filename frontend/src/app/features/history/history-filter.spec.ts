import { convertToParamMap } from '@angular/router';
import {
  describeFilter,
  filterFromUrl,
  hoursBefore,
  localFromTime,
  queryFromFilter,
  tidy,
  timeFromLocal,
  urlFromFilter,
} from './history-filter';

describe('history filter', () => {
  it('comes back the same from the address that it was written to', () => {
    const filter = { class: 'car', verdict: 'none', lowest_confidence: '0.4' };
    expect(filterFromUrl(convertToParamMap(urlFromFilter(filter)))).toEqual(filter);
  });

  it('takes what is not set out of the address', () => {
    expect(urlFromFilter({ class: 'car' })).toMatchObject({ class: 'car', outcome: null });
  });

  it('takes nothing from the address that is no filter, and no empty ones', () => {
    const parameters = convertToParamMap({ cursor: 'x', limit: '1', class: ' ', model: 'street' });
    expect(filterFromUrl(parameters)).toEqual({ model: 'street' });
  });

  it('asks the server as the address says, also what is wrong', () => {
    expect(queryFromFilter({ lowest_confidence: '3', outcome: 'odd' })).toEqual({
      lowest_confidence: '3',
      outcome: 'odd',
    });
  });

  it('is the same filter in whatever order it was set', () => {
    const one = JSON.stringify(tidy({ verdict: 'right', class: 'car', until: '' }));
    expect(one).toBe(JSON.stringify(tidy({ class: 'car', verdict: 'right' })));
  });

  it('turns local minutes to UTC and back', () => {
    const iso = timeFromLocal('2026-05-03T10:30');
    expect(iso).toMatch(/^2026-05-0\dT\d\d:\d\d:00\.000Z$/);
    expect(localFromTime(iso)).toBe('2026-05-03T10:30');
    expect(new Date(iso).getTime()).toBe(new Date(2026, 4, 3, 10, 30).getTime());
  });

  it('reads times as the API does: UTC without a zone, or seconds since 1970', () => {
    const utc = localFromTime('2026-05-03T10:30:00Z');
    expect(localFromTime('2026-05-03T10:30:00')).toBe(utc);
    expect(localFromTime(String(Date.UTC(2026, 4, 3, 10, 30) / 1000))).toBe(utc);
    expect(localFromTime('2026-05-03T12:30:00+02:00')).toBe(utc);
    expect(localFromTime('yesterday')).toBe('');
    expect(timeFromLocal('')).toBe('');
  });

  it('begins a range of hours at a whole minute', () => {
    expect(hoursBefore(24, Date.UTC(2026, 4, 3, 10, 30, 59))).toBe('2026-05-02T10:30:00.000Z');
  });

  it('shows a time that it cannot read as it is', () => {
    expect(describeFilter('since', 'foo')).toBe('since foo');
    expect(describeFilter('outcome', 'timed_out')).toBe('timed out');
    expect(describeFilter('verdict', 'none')).toBe('no verdict yet');
  });
});
