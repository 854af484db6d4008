import { TaskAnswer } from '../../api/models/task-answer';
import { TaskStatus } from '../../api/models/task-status';

export const MOST_TASKS = 500;
export const STATUSES: readonly TaskStatus[] = [
  'queued',
  'processing',
  'completed',
  'failed',
  'cancelled',
];

export type TaskCounts = Readonly<Record<TaskStatus, number>>;

export function isFinal(status: TaskStatus): boolean {
  return status !== 'queued' && status !== 'processing';
}

/**
 * `known` with what is `changed`, newest first, no more than `most`.
 *
 * A task that has ended stays ended: what says otherwise was on its way for longer.
 */
export function mergeTasks(
  known: readonly TaskAnswer[],
  changed: readonly TaskAnswer[],
  most = MOST_TASKS,
): TaskAnswer[] {
  const byId = new Map(known.map((task) => [task.task_id, task]));
  for (const task of changed) {
    const before = byId.get(task.task_id);
    if (!before || !isFinal(before.status) || isFinal(task.status)) byId.set(task.task_id, task);
  }
  return [...byId.values()].sort(newestFirst).slice(0, most);
}

function newestFirst(a: TaskAnswer, b: TaskAnswer): number {
  return Date.parse(b.submitted_at) - Date.parse(a.submitted_at);
}

export function countByStatus(tasks: readonly TaskAnswer[]): TaskCounts {
  const counts = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const task of tasks) counts[task.status] += 1;
  return counts;
}

/** The status that a word in the address stands for; null: all. */
export function statusOf(word: string | undefined): TaskStatus | null {
  return STATUSES.find((status) => status === word) ?? null;
}

/** From its arrival to its start, or to its end or `now` when it never started. */
export function waitedMilliseconds(task: TaskAnswer, now: number): number {
  const until = task.started_at ?? task.finished_at;
  return Math.max(0, (until ? Date.parse(until) : now) - Date.parse(task.submitted_at));
}

/** From its start to its end, or to `now`; null: it has not started. */
export function tookMilliseconds(task: TaskAnswer, now: number): number | null {
  if (!task.started_at || task.status === 'queued') return null;
  const until = task.finished_at ? Date.parse(task.finished_at) : now;
  return Math.max(0, until - Date.parse(task.started_at));
}
