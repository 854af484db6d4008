import { TaskAnswer } from '../../api/models/task-answer';
import {
  countByStatus,
  mergeTasks,
  statusOf,
  tookMilliseconds,
  waitedMilliseconds,
} from './task-list';

const NOON = Date.parse('2026-11-21T12:00:00Z');

function task(id: string, second: number, fields: Partial<TaskAnswer> = {}): TaskAnswer {
  const submitted_at = new Date(NOON + second * 1000).toISOString();
  return { task_id: id, status: 'queued', progress: 0, attempts: 0, submitted_at, ...fields };
}

function at(second: number): string {
  return new Date(NOON + second * 1000).toISOString();
}

describe('mergeTasks', () => {
  it('puts new tasks first', () => {
    const merged = mergeTasks([task('a', 1)], [task('c', 3), task('b', 2)]);
    expect(merged.map((one) => one.task_id)).toEqual(['c', 'b', 'a']);
  });

  it('replaces what it knows', () => {
    const merged = mergeTasks([task('a', 1)], [task('a', 1, { status: 'processing' })]);
    expect(merged).toHaveLength(1);
    expect(merged[0].status).toBe('processing');
  });

  it('keeps a task ended that older news call running', () => {
    const merged = mergeTasks(
      [task('a', 1, { status: 'completed' })],
      [task('a', 1, { status: 'processing' })],
    );
    expect(merged[0].status).toBe('completed');
  });

  it('lets a task go back from processing to queued, for another attempt', () => {
    const merged = mergeTasks(
      [task('a', 1, { status: 'processing' })],
      [task('a', 1, { attempts: 1 })],
    );
    expect(merged[0].status).toBe('queued');
  });

  it('forgets the oldest beyond its limit', () => {
    const merged = mergeTasks([task('a', 1), task('b', 2)], [task('c', 3)], 2);
    expect(merged.map((one) => one.task_id)).toEqual(['c', 'b']);
  });

  it('leaves what it was given as it is', () => {
    const known = [task('a', 1)];
    mergeTasks(known, [task('b', 2)]);
    expect(known.map((one) => one.task_id)).toEqual(['a']);
  });
});

describe('countByStatus', () => {
  it('counts every status, also those without tasks', () => {
    const tasks = [task('a', 1), task('b', 2), task('c', 3, { status: 'failed' })];
    expect(countByStatus(tasks)).toEqual({
      queued: 2,
      processing: 0,
      completed: 0,
      failed: 1,
      cancelled: 0,
    });
  });
});

describe('statusOf', () => {
  it('takes words of the address that are statuses, and no others', () => {
    expect(statusOf('failed')).toBe('failed');
    expect(statusOf('all')).toBeNull();
    expect(statusOf(undefined)).toBeNull();
  });
});

describe('times of a task', () => {
  it('waits on while it is queued', () => {
    expect(waitedMilliseconds(task('a', 0), NOON + 5000)).toBe(5000);
    expect(tookMilliseconds(task('a', 0), NOON + 5000)).toBeNull();
  });

  it('runs on while it is processing', () => {
    const running = task('a', 0, { status: 'processing', started_at: at(2) });
    expect(waitedMilliseconds(running, NOON + 5000)).toBe(2000);
    expect(tookMilliseconds(running, NOON + 5000)).toBe(3000);
  });

  it('stands still once it has ended', () => {
    const done = task('a', 0, { status: 'completed', started_at: at(2), finished_at: at(6) });
    expect(waitedMilliseconds(done, NOON + 60_000)).toBe(2000);
    expect(tookMilliseconds(done, NOON + 60_000)).toBe(4000);
  });

  it('waited until it was cancelled when it never started', () => {
    const cancelled = task('a', 0, { status: 'cancelled', finished_at: at(3) });
    expect(waitedMilliseconds(cancelled, NOON + 60_000)).toBe(3000);
    expect(tookMilliseconds(cancelled, NOON + 60_000)).toBeNull();
  });

  it('is never negative when the clocks of browser and server differ', () => {
    expect(waitedMilliseconds(task('a', 0), NOON - 5000)).toBe(0);
  });
});
