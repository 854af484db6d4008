import { inject, Injectable, signal } from '@angular/core';
import { Api } from '../../api/api';
import { cancelTask } from '../../api/fn/tasks/cancel-task';
import { listTasks } from '../../api/fn/tasks/list-tasks';
import { retryTask } from '../../api/fn/tasks/retry-task';
import { TaskAnswer } from '../../api/models/task-answer';
import { Failure, failureOf } from '../../core/failure';
import { MOST_LISTED, TaskStore } from './task-store';

const AT_ONCE = 6; // as many connections as a browser opens to one server

/** What became of a command, for the person who gave it. */
export interface CommandNote {
  readonly text: string;
  readonly failure: Failure | null;
}

/** What a person can do with tasks; each outcome is told in `note`. */
@Injectable()
export class TaskCommands {
  private readonly api = inject(Api);
  private readonly store = inject(TaskStore);
  private readonly told = signal<CommandNote | null>(null);
  private readonly underway = signal<ReadonlySet<string>>(new Set());

  readonly note = this.told.asReadonly();
  /** Ids of the tasks that a command is on its way for. */
  readonly busy = this.underway.asReadonly();
  readonly isCancellingAll = signal(false);

  dismissNote(): void {
    this.told.set(null);
  }

  async cancel(task: TaskAnswer): Promise<void> {
    await this.command(task, async () => {
      this.store.merge([await this.api.invoke(cancelTask, { task_id: task.task_id })]);
      return `${nameOf(task)} is cancelled.`;
    });
  }

  async retry(task: TaskAnswer): Promise<void> {
    await this.command(task, async () => {
      const accepted = await this.api.invoke(retryTask, { task_id: task.task_id });
      await this.store.look(accepted.task_id);
      return `${nameOf(task)} is queued again, as a new task.`;
    });
  }

  /** Cancel what is queued on the server, also beyond what the page shows. */
  async cancelQueued(): Promise<void> {
    this.isCancellingAll.set(true);
    let cancelled = 0;
    let missed = 0;
    try {
      for (let full = true; full;) {
        const query = { limit: MOST_LISTED, status: 'queued' as const };
        const { tasks } = await this.api.invoke(listTasks, query);
        const done = await this.cancelEach(tasks);
        cancelled += done;
        missed += tasks.length - done;
        // Without progress another round would bring the same tasks again.
        full = tasks.length === MOST_LISTED && done > 0;
      }
      this.told.set({ text: cancelledText(cancelled, missed), failure: null });
    } catch (error) {
      const text = cancelled > 0 ? cancelledText(cancelled, missed) : '';
      this.told.set({ text, failure: failureOf(error) });
    }
    this.isCancellingAll.set(false);
  }

  private async cancelEach(tasks: readonly TaskAnswer[]): Promise<number> {
    let cancelled = 0;
    for (let start = 0; start < tasks.length; start += AT_ONCE) {
      const some = tasks.slice(start, start + AT_ONCE);
      const done = await Promise.all(some.map((task) => this.cancelIfQueued(task)));
      cancelled += done.filter(Boolean).length;
    }
    return cancelled;
  }

  /** False: it has ended meanwhile. */
  private async cancelIfQueued(task: TaskAnswer): Promise<boolean> {
    try {
      this.store.merge([await this.api.invoke(cancelTask, { task_id: task.task_id })]);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.status === 409 || failure.status === 404) return false;
      throw error;
    }
  }

  private async command(task: TaskAnswer, run: () => Promise<string>): Promise<void> {
    this.setBusy(task, true);
    try {
      this.told.set({ text: await run(), failure: null });
    } catch (error) {
      const failure = failureOf(error);
      this.told.set({ text: `${nameOf(task)}: `, failure });
      // Too late for it: the row here was older than the task.
      if (failure.status === 409 || failure.status === 404) void this.store.list();
    }
    this.setBusy(task, false);
  }

  private setBusy(task: TaskAnswer, isBusy: boolean): void {
    this.underway.update((before) => {
      const after = new Set(before);
      if (isBusy) after.add(task.task_id);
      else after.delete(task.task_id);
      return after;
    });
  }
}

export function nameOf(task: TaskAnswer): string {
  return task.image_name ?? `Task ${shortId(task)}`;
}

/** The end of an id: ids of the same minute begin alike. */
export function shortId(task: TaskAnswer): string {
  return task.task_id.slice(-8);
}

function cancelledText(cancelled: number, missed: number): string {
  const text = cancelled === 1 ? '1 task is cancelled' : `${cancelled} tasks are cancelled`;
  return missed > 0 ? `${text}; ${missed} had ended meanwhile.` : `${text}.`;
}
