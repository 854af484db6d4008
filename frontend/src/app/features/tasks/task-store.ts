import { computed, DestroyRef, effect, inject, Injectable, signal, untracked } from '@angular/core';
import { Api } from '../../api/api';
import { listTasks } from '../../api/fn/tasks/list-tasks';
import { showTask } from '../../api/fn/tasks/show-task';
import { TaskAnswer } from '../../api/models/task-answer';
import { EventStreams, ServerEvent } from '../../core/event-stream';
import { Failure, failureOf } from '../../core/failure';
import { ServerStatus } from '../../core/server-status';
import { countByStatus, mergeTasks } from './task-list';

const ASK_AGAIN_MS = 5_000;

export const MOST_LISTED = 200; // as many as the server lists at once

/** The tasks as the server tells of them: one list, then every change. */
@Injectable()
export class TaskStore {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);
  private readonly known = signal<readonly TaskAnswer[]>([]);
  private readonly failed = signal<Failure | null>(null);
  private readonly hasList = signal(false);
  private readonly stream = inject(EventStreams).open('/tasks/events', (event) =>
    this.receive(event),
  );
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listing = false;
  private listAgain = false;
  /** What came while a list was on its way, which may be older. */
  private heard: TaskAnswer[] = [];

  readonly tasks = this.known.asReadonly();
  readonly failure = this.failed.asReadonly();
  /** Whether there ever was a list: without one nothing is known, not even that there is none. */
  readonly isListed = this.hasList.asReadonly();
  readonly live = this.stream.live;
  readonly counts = computed(() => countByStatus(this.known()));

  constructor() {
    inject(DestroyRef).onDestroy(() => {
      this.stream.close();
      clearTimeout(this.timer);
    });
    effect(() => {
      this.server.returned();
      untracked(() => void this.list());
    });
  }

  /** List the tasks anew. Asked for while a list is on its way, it follows that. */
  async list(): Promise<void> {
    this.listAgain = this.listing;
    if (this.listing) return;
    this.listing = true;
    this.heard = [];
    try {
      const { tasks } = await this.api.invoke(listTasks, { limit: MOST_LISTED });
      this.known.set(mergeTasks(tasks, this.heard));
      this.hasList.set(true);
      this.failed.set(null);
    } catch (error) {
      this.failed.set(failureOf(error));
      this.askLater();
    }
    this.listing = false;
    if (this.listAgain) await this.list();
  }

  /** The server may be there and the queue behind it not: nobody tells when that is back. */
  private askLater(): void {
    if ((this.failed()?.status ?? 0) < 500) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.list(), ASK_AGAIN_MS);
  }

  /** Ask for one task, when its change is known here before the stream tells. */
  async look(taskId: string): Promise<void> {
    this.merge([await this.api.invoke(showTask, { task_id: taskId })]);
  }

  merge(changed: readonly TaskAnswer[]): void {
    if (this.listing) this.heard.push(...changed);
    this.known.update((known) => mergeTasks(known, changed));
  }

  private receive(event: ServerEvent): void {
    if (event.type === 'reset') void this.list();
    if (event.type === 'tasks') this.merge((event.data as { tasks: TaskAnswer[] }).tasks);
  }
}
