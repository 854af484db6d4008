import { DestroyRef, effect, inject, Injectable, signal, untracked } from '@angular/core';
import { Api } from '../../api/api';
import { showActivity } from '../../api/fn/platform/show-activity';
import { ActivityAnswer } from '../../api/models/activity-answer';
import { Failure, failureOf } from '../../core/failure';
import { ServerStatus } from '../../core/server-status';

const REFRESH_MS = 10_000;

/** What the platform did in the last minutes, asked again and again while the page is visible. */
@Injectable()
export class ActivityStore {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);
  private readonly known = signal<ActivityAnswer | null>(null);
  private readonly failed = signal<Failure | null>(null);
  private readonly asked = signal<number | null>(null);
  private readonly answeredAt = signal<number | null>(null);
  private latest = 0;

  readonly activity = this.known.asReadonly();
  readonly failure = this.failed.asReadonly();
  /** When the last answer came, in milliseconds since 1970. */
  readonly updatedAt = this.answeredAt.asReadonly();
  readonly isPaused = signal(false);

  constructor() {
    const timer = setInterval(() => this.refresh(), REFRESH_MS);
    const look = () => this.refresh();
    document.addEventListener('visibilitychange', look);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    });
    effect(() => {
      this.server.returned();
      untracked(() => void this.load());
    });
  }

  /** Look at another range. What is known of the old one is not shown as the new one. */
  choose(minutes: number): void {
    if (this.asked() === minutes) return;
    this.asked.set(minutes);
    this.known.set(null);
    this.failed.set(null);
    void this.load();
  }

  setPaused(paused: boolean): void {
    this.isPaused.set(paused);
    this.refresh();
  }

  async load(): Promise<void> {
    const minutes = this.asked();
    if (minutes === null) return;
    const request = (this.latest += 1);
    try {
      const activity = await this.api.invoke(showActivity, { minutes });
      if (request !== this.latest) return;
      this.known.set(activity);
      this.failed.set(null);
      this.answeredAt.set(Date.now());
    } catch (error) {
      if (request === this.latest) this.failed.set(failureOf(error));
    }
  }

  private refresh(): void {
    if (!this.isPaused() && document.visibilityState === 'visible') void this.load();
  }
}
