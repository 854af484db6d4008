import { computed, inject, Injectable, signal } from '@angular/core';
import { HealthAnswer } from '../api/models/health-answer';
import { ApiKey } from './api-key';
import { apiRoot } from './api-root';

const CALM_MS = 15_000;
const ANXIOUS_MS = 2_000;

/**
 * Whether the server is there, and how it is. Asks `/health` now and then while the page is
 * visible, and every other second while there is no answer.
 */
@Injectable({ providedIn: 'root' })
export class ServerStatus {
  private readonly key = inject(ApiKey);
  private readonly away = signal(false);
  private readonly report = signal<HealthAnswer | null>(null);
  private readonly returns = signal(0);
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly isAway = this.away.asReadonly();
  readonly health = this.report.asReadonly();
  /** Grows each time the server comes back or gets another key: pages load anew. */
  readonly returned = this.returns.asReadonly();
  readonly level = computed(() => (this.away() ? 'away' : (this.report()?.status ?? 'unknown')));

  /** Begin to watch. Called once, by the shell. */
  watch(): void {
    document.addEventListener('visibilitychange', () => this.askSoon(0));
    window.addEventListener('online', () => this.askSoon(0));
    window.addEventListener('offline', () => this.lost());
    this.askSoon(0);
  }

  /** Some answer came. Whether the server is back is for `/health` to say: while it starts, one
   * route may answer and the next one not, and pages would load anew over and over. */
  answered(): void {
    if (this.away()) this.askSoon(0);
  }

  /** Have every page ask again for what it shows. */
  loadAnew(): void {
    this.returns.update((count) => count + 1);
  }

  /** Another key, or none: what may be seen is another. */
  keyChanged(): void {
    this.loadAnew();
    this.askSoon(0);
  }

  lost(): void {
    if (this.away()) return;
    this.away.set(true);
    this.askSoon(ANXIOUS_MS);
  }

  private welcome(): void {
    if (!this.away()) return;
    this.away.set(false);
    this.loadAnew();
  }

  private askSoon(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), milliseconds);
  }

  private async ask(): Promise<void> {
    if (document.visibilityState === 'visible') await this.look();
    this.askSoon(this.away() ? ANXIOUS_MS : CALM_MS);
  }

  private async look(): Promise<void> {
    try {
      // Plain fetch: an unhealthy server answers 503 with a report all the same.
      // The key, as a server that wants one tells strangers little.
      const key = this.key.value();
      const answer = await fetch(`${apiRoot()}/health`, {
        cache: 'no-store',
        headers: key ? { 'X-API-Key': key } : {},
      });
      const report = (await answer.json()) as HealthAnswer;
      if (!report.services) throw new Error('That was the proxy, not the server.');
      this.report.set(report);
      this.welcome();
    } catch {
      this.report.set(null);
      this.lost();
    }
  }
}
