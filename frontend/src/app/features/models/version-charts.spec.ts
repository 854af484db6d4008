import { RunAnswer } from '../../api/models/run-answer';
import { versionChart } from './version-charts';

function run(version: string, window_start: string, predictions: number): RunAnswer {
  return {
    run_id: `${version} ${window_start}`,
    name: null,
    status: null,
    model: 'street',
    version,
    window_start,
    start_time: null,
    end_time: null,
    metrics: { predictions },
    params: {},
    url: '',
  };
}

const EIGHT = Date.parse('2026-11-21T08:00:00Z') / 1000;

describe('versionChart', () => {
  it('has a line for each version, with gaps where it did not serve', () => {
    const runs = [
      run('1', '2026-11-21T08:00:00Z', 5),
      run('1', '2026-11-21T09:00:00Z', 7),
      run('2', '2026-11-21T09:00:00Z', 3),
    ];
    const chart = versionChart(runs, 'street', ['2', '1'], 'predictions');
    expect(chart.times).toEqual([EIGHT, EIGHT + 3600]);
    expect(chart.series.map((one) => [one.name, one.values])).toEqual([
      ['v2', [null, 3]],
      ['v1', [5, 7]],
    ]);
  });

  it('leaves a gap for hours in which nothing was served', () => {
    const runs = [run('1', '2026-11-21T08:00:00Z', 5), run('1', '2026-11-21T10:00:00Z', 7)];
    const chart = versionChart(runs, 'street', ['1'], 'predictions');
    expect(chart.series[0].values).toEqual([5, null, 7]);
  });

  it('does not fill years with empty hours', () => {
    const runs = [run('1', '2016-11-21T08:00:00Z', 5), run('1', '2026-11-21T08:00:00Z', 7)];
    expect(versionChart(runs, 'street', ['1'], 'predictions').times).toHaveLength(2);
  });

  it('is empty without windows', () => {
    expect(versionChart([], 'street', [], 'predictions')).toEqual({ times: [], series: [] });
  });
});
