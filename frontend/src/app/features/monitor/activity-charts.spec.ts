import { ActivityAnswer } from '../../api/models/activity-answer';
import { classColor } from '../../shared/class-colors';
import { activityCharts } from './activity-charts';

const ACTIVITY: ActivityAnswer = {
  step_seconds: 10,
  times: [100],
  requests: { server_error: [0], ok: [4], odd_one: [1] },
  predictions: { succeeded: [4] },
  latency_ms: { p99: [48], p50: [21], p95: [34] },
  stage_ms: { decode: [4], inference: [15] },
  classes: { walrus: [1], person: [3], bus: [null] },
  confidence: [0.6],
  confidence_counts: [],
  queue_length: [null],
  journal_lag_seconds: [0],
};

function chart(heading: string, classes: string[] = []) {
  const found = activityCharts(ACTIVITY, classes).find((one) => one.heading === heading);
  if (!found) throw new Error(`No chart ${heading}`);
  return found;
}

describe('activityCharts', () => {
  it('orders the series by what they mean, not by how they came', () => {
    expect(chart('Latency').series.map((one) => one.name)).toEqual(['p50', 'p95', 'p99']);
  });

  it('shows answers that it does not know too', () => {
    const names = chart('Requests').series.map((one) => one.name);
    expect(names).toEqual(['ok', 'server error', 'odd one']);
  });

  it('stacks the stages', () => {
    expect(chart('Stages').kind).toBe('stacked');
  });

  it('gives classes the colours of the model, and strangers one of their own', () => {
    const series = chart('Objects', ['bus', 'car', 'person']).series;
    expect(series.map((one) => [one.name, one.color])).toEqual([
      ['bus', classColor(0)],
      ['person', classColor(2)],
      ['walrus', classColor(3)],
    ]);
  });

  it('leaves gaps as they are', () => {
    expect(chart('Queue').series[0].values).toEqual([null]);
  });

  it('draws confidence on its whole scale', () => {
    expect(chart('Mean confidence').top).toBe(1);
  });

  it('speaks of classes where whole images are named', () => {
    const headings = activityCharts(ACTIVITY, [], true).map((one) => one.heading);
    expect(headings).toContain('Classes');
    expect(headings).not.toContain('Objects');
  });
});
