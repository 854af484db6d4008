import { classCounts, confidenceRange } from './class-counts';

describe('classCounts', () => {
  it('follows the order of the classes, then of the names it does not know', () => {
    const counts = classCounts({ van: 1, truck: 2, bus: 3, cab: 4 }, ['bus', 'car', 'truck']);
    expect(counts).toEqual([
      { name: 'bus', count: 3, classId: 0 },
      { name: 'truck', count: 2, classId: 2 },
      { name: 'cab', count: 4, classId: null },
      { name: 'van', count: 1, classId: null },
    ]);
  });
});

describe('confidenceRange', () => {
  it('is one number when both read the same', () => {
    expect(confidenceRange(0.314, 0.92)).toBe('31–92 %');
    expect(confidenceRange(0.921, 0.919)).toBe('92 %');
  });

  it('is nothing when nothing was found', () => {
    expect(confidenceRange(null, null)).toBeNull();
  });
});
