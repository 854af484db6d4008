import { formatDuration } from './task-duration';

describe('formatDuration', () => {
  it('is as exact as it is short', () => {
    expect([40, 1234, 45_600, 245_000, 7_800_000].map(formatDuration)).toEqual([
      '40 ms',
      '1.2 s',
      '45 s',
      '4 min 5 s',
      '2 h 10 min',
    ]);
  });
});
