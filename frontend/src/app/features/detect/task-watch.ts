import { inject, Injectable } from '@angular/core';
import { Api } from '../../api/api';
import { listTasks } from '../../api/fn/tasks/list-tasks';
import { showTask } from '../../api/fn/tasks/show-task';
import { TaskAnswer } from '../../api/models/task-answer';
import { EventStreams, ServerEvent, Subscription } from '../../core/event-stream';
import { UploadLane } from './upload-lane';

const ENDED = new Set(['completed', 'failed', 'cancelled']);
// Only while there is no stream, as behind a proxy that lets none through.
const ASK_AGAIN_MS = 3_000;
const MOST_LISTED = 200;

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
    this.stream = this.streams.open('/tasks/events', (event) => this.receive(event));
    this.timer = setInterval(() => this.askWithoutStream(), ASK_AGAIN_MS);
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

  private askWithoutStream(): void {
    if (this.followers.size > 0 && !this.stream?.live()) void this.askAll();
  }

  private hear(task: TaskAnswer): void {
    const receive = this.followers.get(task.task_id);
    if (!receive) {
      this.early.set(task.task_id, task);
      return;
    }
    if (ENDED.has(task.status)) this.forget(task.task_id);
    receive(task);
  }

  private async askAll(): Promise<void> {
    try {
      const { tasks } = await this.api.invoke(listTasks, { limit: MOST_LISTED });
      tasks.forEach((task) => this.hear(task));
      const listed = new Set(tasks.map((task) => task.task_id));
      const others = [...this.followers.keys()].filter((taskId) => !listed.has(taskId));
      await Promise.all(others.map((taskId) => this.lane.run(() => this.ask(taskId))));
    } catch {
      // The next reset or the next tick asks again.
    }
  }

  private async ask(taskId: string): Promise<void> {
    this.hear(await this.api.invoke(showTask, { task_id: taskId }));
  }
}
