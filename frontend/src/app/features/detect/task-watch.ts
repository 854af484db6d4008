import { inject, Injectable } from '@angular/core';
import { Api } from '../../api/api';
import { listTasks } from '../../api/fn/tasks/list-tasks';
import { showTask } from '../../api/fn/tasks/show-task';
import { TaskAnswer } from '../../api/models/task-answer';
import { EventStreams, ServerEvent, Subscription } from '../../core/event-stream';
import { Failure, failureOf } from '../../core/failure';
import { UploadLane } from './upload-lane';

const ENDED = new Set(['completed', 'failed', 'cancelled']);
// Only while there is no stream, as behind a proxy that lets none through.
const ASK_AGAIN_MS = 3_000;
const MOST_LISTED = 200;
const MOST_ASKED_FOR = 8;
// The stream tells of everybody's tasks; far fewer come while the answer with an id is on its way.
const MOST_EARLY = 1_000;

type Receive = (task: TaskAnswer) => void;

/** Tells of every change of the tasks that are followed, until they end. */
@Injectable({ providedIn: 'root' })
export class TaskWatch {
  private readonly api = inject(Api);
  private readonly streams = inject(EventStreams);
  private readonly followers = new Map<string, Receive>();
  // A task may be over before its id has reached us.
  private readonly early = new Map<string, TaskAnswer>();
  private readonly lane = new UploadLane(4);
  private stream: Subscription | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private isAsking = false;
  /** A key that may only detect sees no list and no stream, but each task whose id it has. */
  private mayList = true;

  follow(taskId: string, receive: Receive): void {
    this.open();
    this.followers.set(taskId, receive);
    const known = this.early.get(taskId);
    if (known) this.hear(known);
  }

  forget(taskId: string): void {
    this.followers.delete(taskId);
    if (this.followers.size === 0) this.close();
  }

  /** Begin to listen before the first task is sent, so that nothing is missed. */
  open(): void {
    if (this.stream) return;
    this.mayList = true;
    this.stream = this.streams.open('/tasks/events', (event) => this.receive(event));
    this.timer = setInterval(() => void this.askWithoutStream(), ASK_AGAIN_MS);
  }

  private close(): void {
    this.stream?.close();
    this.stream = null;
    clearInterval(this.timer);
    this.early.clear();
  }

  private receive({ type, data }: ServerEvent): void {
    if (type === 'reset') void this.askAll();
    if (type === 'tasks')
      (data as { tasks: TaskAnswer[] }).tasks.forEach((task) => this.hear(task));
  }

  private async askWithoutStream(): Promise<void> {
    if (this.isAsking || this.followers.size === 0 || this.stream?.live()) return;
    this.isAsking = true;
    await this.askAll();
    this.isAsking = false;
  }

  private hear(task: TaskAnswer): void {
    const receive = this.followers.get(task.task_id);
    if (!receive) {
      this.early.set(task.task_id, task);
      if (this.early.size > MOST_EARLY) this.early.delete(this.early.keys().next().value!);
      return;
    }
    if (ENDED.has(task.status)) this.forget(task.task_id);
    receive(task);
  }

  private async askAll(): Promise<void> {
    try {
      if (this.mayList) await this.askForTheList();
    } catch (error) {
      // After anything else the next reset or the next tick asks again.
      this.mayList = failureOf(error).status !== 403;
    }
    if (!this.mayList) await this.askInTurn();
  }

  private async askForTheList(): Promise<void> {
    const { tasks } = await this.api.invoke(listTasks, { limit: MOST_LISTED });
    tasks.forEach((task) => this.hear(task));
    const listed = new Set(tasks.map((task) => task.task_id));
    const others = [...this.followers.keys()].filter((taskId) => !listed.has(taskId));
    await Promise.all(others.map((taskId) => this.lane.run(() => this.ask(taskId))));
  }

  /** The oldest first, as workers take them: while those wait, so do the ones behind them. */
  private async askInTurn(): Promise<void> {
    let oldest: string[];
    do {
      oldest = [...this.followers.keys()].slice(0, MOST_ASKED_FOR);
      await Promise.allSettled(oldest.map((taskId) => this.lane.run(() => this.ask(taskId))));
    } while (oldest.length > 0 && !oldest.some((taskId) => this.followers.has(taskId)));
  }

  private async ask(taskId: string): Promise<void> {
    try {
      this.hear(await this.api.invoke(showTask, { task_id: taskId }));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.status !== 404) throw error;
      this.hear(forgotten(taskId, failure)); // it will not end any more
    }
  }
}

/** A task that the server no longer knows, as when its Redis was emptied. */
function forgotten(taskId: string, { code, detail }: Failure): TaskAnswer {
  const error = { code, message: detail };
  return { task_id: taskId, status: 'failed', error, progress: 0, attempts: 0, submitted_at: '' };
}
