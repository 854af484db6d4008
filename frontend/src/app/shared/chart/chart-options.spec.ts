import { chartColumns, roof, withAlpha } from './chart-options';

const SERIES = [
  { name: 'decode', color: '#000', values: [1, null, 3] },
  { name: 'inference', color: '#000', values: [10, null, 30] },
];

describe('chartColumns', () => {
  it('gives lines as they are, with their gaps', () => {
    expect(chartColumns([0, 10, 20], SERIES, 'lines')).toEqual([
      [0, 10, 20],
      [1, null, 3],
      [10, null, 30],
    ]);
  });

  it('gives a stack highest first', () => {
    expect(chartColumns([0, 10, 20], SERIES, 'stacked')).toEqual([
      [0, 10, 20],
      [11, null, 33],
      [1, null, 3],
    ]);
  });
});

describe('roof', () => {
  it('leaves air above the greatest value', () => {
    expect(roof(10)).toBeCloseTo(11);
  });

  it('has a height for zeros and for nothing', () => {
    expect(roof(0)).toBe(1);
    expect(roof(null)).toBe(1);
  });
});

describe('withAlpha', () => {
  it('takes computed colours', () => {
    expect(withAlpha('rgb(11, 87, 208)', 0.5)).toBe('rgba(11, 87, 208, 0.5)');
  });
});
