import { ActivityAnswer } from '../../api/models/activity-answer';
import { activityTiles, errorShares, totalRequests } from './activity-tiles';

function activity(fields: Partial<ActivityAnswer>): ActivityAnswer {
  return {
    step_seconds: 10,
    times: [100, 110, 120],
    requests: {},
    predictions: {},
    latency_ms: {},
    stage_ms: {},
    classes: {},
    confidence: [],
    confidence_counts: [],
    queue_length: [],
    journal_lag_seconds: [],
    ...fields,
  };
}

function tile(fields: Partial<ActivityAnswer>, name: string) {
  return activityTiles(activity(fields)).find((one) => one.name === name);
}

describe('totalRequests', () => {
  it('adds what is known and keeps gaps', () => {
    const requests = { ok: [1, null, null], server_error: [2, 3, null] };
    expect(totalRequests(activity({ requests }))).toEqual([3, 3, null]);
  });
});

describe('errorShares', () => {
  it('counts what the server failed and refused, not what clients did wrong', () => {
    const requests = { ok: [6], client_error: [2], refused: [1], server_error: [1] };
    expect(errorShares(activity({ times: [100], requests }))).toEqual([0.2]);
  });

  it('is unknown while nobody asks', () => {
    const requests = { ok: [0, null], server_error: [0, null] };
    expect(errorShares(activity({ times: [100, 110], requests }))).toEqual([null, null]);
  });
});

describe('activityTiles', () => {
  it('shows the last known value and when it was', () => {
    const found = tile({ latency_ms: { p95: [20, 30, null] } }, 'Latency, p95');
    expect(found).toMatchObject({
      value: '30 ms',
      level: 'fine',
      about: 'fine, below 500 ms',
      at: 110,
    });
  });

  it('raises the level at its limits', () => {
    const level = (lag: number) => tile({ journal_lag_seconds: [lag] }, 'Journal lag')?.level;
    expect([level(9), level(10), level(59), level(60)]).toEqual([
      'fine',
      'raised',
      'raised',
      'high',
    ]);
  });

  it('takes an empty queue for fine, not for unknown', () => {
    expect(tile({ queue_length: [0] }, 'Images waiting')).toMatchObject({
      value: '0',
      level: 'fine',
    });
  });

  it('says when nothing is known', () => {
    const found = tile({ queue_length: [null, null, null] }, 'Images waiting');
    expect(found).toMatchObject({ value: '–', level: null, at: null });
  });

  it('does not judge how much is asked', () => {
    expect(tile({ requests: { ok: [900] } }, 'Requests per second')?.level).toBeNull();
  });
});
