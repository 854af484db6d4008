import { bundleMetrics } from './bundle-metrics';

describe('bundleMetrics', () => {
  it('separates the metrics of the model from those of its classes', () => {
    const found = bundleMetrics({
      mAP50: 0.48,
      'mAP50/bus': 0.55,
      'mAP50/car': 0.76,
      'mAP50-95/car': 0.61,
      'mAP50@416': 0.47,
    });
    expect(found.overall).toEqual([
      ['mAP50', 0.48],
      ['mAP50@416', 0.47],
    ]);
    expect(found.columns).toEqual(['mAP50', 'mAP50-95']);
    expect(found.classes).toEqual([
      { name: 'bus', values: [0.55, null] },
      { name: 'car', values: [0.76, 0.61] },
    ]);
  });

  it('keeps a slash in the name of a class', () => {
    expect(bundleMetrics({ 'mAP50/van/truck': 0.5 }).classes[0].name).toBe('van/truck');
  });

  it('is empty for a bundle without metrics', () => {
    expect(bundleMetrics({})).toEqual({ overall: [], columns: [], classes: [] });
  });
});
