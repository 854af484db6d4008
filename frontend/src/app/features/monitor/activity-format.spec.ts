import { formatCount, formatRate, formatSeconds, formatShare } from './activity-format';

describe('formats', () => {
  it('gives small rates more digits', () => {
    expect([0, 0.25, 4.2, 12.34, 250.6].map((rate) => formatRate(rate))).toEqual([
      '0',
      '0.25',
      '4.2',
      '12.3',
      '251',
    ]);
  });

  it('gives counts that are means no more digits than they need', () => {
    expect([0, 0.25, 3, 86.3].map(formatCount)).toEqual(['0', '0.25', '3', '86']);
  });

  it('gives long times in minutes', () => {
    expect([0.02, 4.25, 45, 600].map(formatSeconds)).toEqual(['0.02 s', '4.3 s', '45 s', '10 min']);
  });

  it('does not round a small share of errors to none', () => {
    expect([0, 0.004, 0.5].map(formatShare)).toEqual(['0 %', '0.4 %', '50 %']);
  });
});
