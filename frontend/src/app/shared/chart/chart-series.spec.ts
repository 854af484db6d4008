import {
  ChartSeries,
  describeSeries,
  lastKnown,
  pointedSteps,
  stackedValues,
} from './chart-series';

function series(name: string, values: (number | null)[]): ChartSeries {
  return { name, color: '#000', values };
}

describe('lastKnown', () => {
  it('passes over steps of which nothing is known', () => {
    expect(lastKnown([1, 2, null, null])).toBe(2);
  });

  it('takes a zero for a value', () => {
    expect(lastKnown([3, 0])).toBe(0);
  });

  it('is null when nothing is known', () => {
    expect(lastKnown([null, null])).toBeNull();
    expect(lastKnown([])).toBeNull();
  });
});

describe('stackedValues', () => {
  it('puts each layer on those before', () => {
    expect(stackedValues([series('a', [1, 2]), series('b', [10, 20])])).toEqual([
      [1, 2],
      [11, 22],
    ]);
  });

  it('keeps a gap where no layer is known', () => {
    expect(stackedValues([series('a', [1, null]), series('b', [2, null])])).toEqual([
      [1, null],
      [3, null],
    ]);
  });

  it('adds nothing for a layer that alone is unknown', () => {
    expect(stackedValues([series('a', [null]), series('b', [2])])).toEqual([[0], [2]]);
  });

  it('has no layers of nothing', () => {
    expect(stackedValues([])).toEqual([]);
  });
});

describe('pointedSteps', () => {
  const LINE = new Array<number>(30).fill(1);

  it('finds what lies between gaps, also at the ends', () => {
    expect(pointedSteps([1, null, 2, null, ...LINE, null, 0])).toEqual([0, 2, 35]);
  });

  it('finds none in a long line', () => {
    expect(pointedSteps(LINE)).toEqual([]);
  });

  it('takes all that are known when they are few', () => {
    expect(pointedSteps([1, 2, null, 3])).toEqual([0, 1, 3]);
  });
});

describe('describeSeries', () => {
  it('says the last, the least and the most', () => {
    const text = describeSeries([series('p95', [5, null, 9, 7])], (value) => `${value} ms`);
    expect(text).toBe('p95: last 7 ms, least 5 ms, most 9 ms');
  });

  it('says so when nothing is known', () => {
    expect(describeSeries([series('p95', [null])], String)).toBe('p95: nothing known');
  });
});
