import { RunAnswer } from '../../api/models/run-answer';
import { modelsOf, versionTotals, windowsOf } from './version-totals';

function run(
  version: string,
  hour: number,
  metrics: Record<string, number | null>,
  fields: Partial<RunAnswer> = {},
): RunAnswer {
  const window_start = `2026-11-21T${String(hour).padStart(2, '0')}:00:00Z`;
  return {
    run_id: `${version}-${hour}`,
    name: null,
    status: 'FINISHED',
    model: 'street',
    version,
    window_start,
    start_time: window_start,
    end_time: null,
    metrics,
    params: {},
    url: 'http://mlflow.test/run',
    ...fields,
  };
}

describe('versionTotals', () => {
  it('adds up the hours of a version', () => {
    const [totals] = versionTotals(
      [
        run('1', 8, { predictions: 30, detections: 60, errors: 1, timeouts: 2 }),
        run('1', 9, { predictions: 10, detections: 40, errors: 1, timeouts: 0 }),
      ],
      'street',
    );
    expect(totals.windows).toBe(2);
    expect(totals.predictions).toBe(40);
    expect(totals.failures).toBe(4);
    expect(totals.failureShare).toBeCloseTo(0.1);
    expect(totals.objectsPerImage).toBeCloseTo(2.5);
  });

  it('counts no objects of a model that names whole images, and weighs its hours by images', () => {
    const [totals] = versionTotals(
      [
        run('1', 8, { predictions: 3, detections: 0, mean_confidence: 0.6, class_cat: 3 }),
        run('1', 9, { predictions: 1, detections: 0, mean_confidence: 1, class_dog: 1 }),
      ],
      'street',
    );
    expect(totals.objectsPerImage).toBeNull();
    expect(totals.meanConfidence).toBeCloseTo(0.7);
    expect(totals.classes.map((one) => one.share)).toEqual([0.75, 0.25]);
  });

  it('lets busy hours count for more in the latency', () => {
    const [totals] = versionTotals(
      [
        run('1', 8, { predictions: 30, latency_p95_ms: 100 }),
        run('1', 9, { predictions: 10, latency_p95_ms: 20 }),
      ],
      'street',
    );
    expect(totals.latencyMs.p95).toBeCloseTo(80);
    expect(totals.latencyMs.p50).toBeNull();
  });

  it('weighs the confidence by objects, and leaves out hours that had none', () => {
    const [totals] = versionTotals(
      [
        run('1', 8, { predictions: 10, detections: 30, mean_confidence: 0.5 }),
        run('1', 9, { predictions: 90, detections: 10, mean_confidence: 0.9 }),
        run('1', 10, { predictions: 500, detections: 0 }),
      ],
      'street',
    );
    expect(totals.meanConfidence).toBeCloseTo(0.6);
  });

  it('shares out the objects among the classes', () => {
    const [totals] = versionTotals(
      [run('1', 8, { class_car: 3, class_bus: 1 }), run('1', 9, { class_car: 4 })],
      'street',
    );
    expect(totals.classes).toEqual([
      { name: 'bus', count: 1, share: 0.125 },
      { name: 'car', count: 7, share: 0.875 },
    ]);
  });

  it('has no shares of nothing', () => {
    const [totals] = versionTotals([run('1', 8, { predictions: 0 })], 'street');
    expect(totals.failureShare).toBeNull();
    expect(totals.objectsPerImage).toBeNull();
    expect(totals.meanConfidence).toBeNull();
  });

  it('puts version 10 before version 9', () => {
    const found = versionTotals([run('9', 8, {}), run('10', 8, {})], 'street');
    expect(found.map((totals) => totals.version)).toEqual(['10', '9']);
  });

  it('leaves out other models', () => {
    expect(versionTotals([run('1', 8, {}, { model: 'other' })], 'street')).toEqual([]);
  });
});

describe('windowsOf', () => {
  it('leaves out runs of single predictions and puts the newest hour first', () => {
    const single = run('1', 12, {}, { run_id: 'single', window_start: null });
    const found = windowsOf([run('1', 8, {}), single, run('1', 9, {})]);
    expect(found.map((one) => one.run_id)).toEqual(['1-9', '1-8']);
  });
});

describe('modelsOf', () => {
  it('names each model once', () => {
    expect(
      modelsOf([run('1', 9, {}), run('2', 8, {}), run('1', 7, {}, { model: 'other' })]),
    ).toEqual(['street', 'other']);
  });
});
