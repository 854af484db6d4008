import { minutesOf } from './activity-range';

describe('minutesOf', () => {
  it('takes the ranges that there are', () => {
    expect(minutesOf('15')).toBe(15);
    expect(minutesOf('1440')).toBe(1440);
  });

  it('takes an hour for anything else', () => {
    expect(minutesOf(undefined)).toBe(60);
    expect(minutesOf('7')).toBe(60);
    expect(minutesOf('all')).toBe(60);
  });
});
