import { computed, inject, Injectable, signal } from '@angular/core';
import { Api } from '../../api/api';
import { listPredictions } from '../../api/fn/records/list-predictions';
import { PredictionPage } from '../../api/models/prediction-page';
import { PredictionSummary } from '../../api/models/prediction-summary';
import { Failure, failureOf } from '../../core/failure';
import { HistoryFilter, queryFromFilter } from './history-filter';

const PAGE_SIZE = 50;

/** The predictions that the page shows: the pages loaded so far of one filter. */
@Injectable()
export class HistoryStore {
  private readonly api = inject(Api);
  private readonly found = signal<readonly PredictionSummary[] | null>(null);
  private readonly cursor = signal<string | null>(null);
  private readonly busy = signal<'first' | 'more' | null>(null);
  private readonly problem = signal<Failure | null>(null);
  private readonly moreProblem = signal<Failure | null>(null);
  private readonly newer = signal(false);
  private filter: HistoryFilter = {};
  /** Which question the answers belong to: those of an older one are dropped. */
  private question = 0;

  /** Null until the first answer, and after a failure. */
  readonly predictions = this.found.asReadonly();
  readonly failure = this.problem.asReadonly();
  readonly moreFailure = this.moreProblem.asReadonly();
  readonly hasNewer = this.newer.asReadonly();
  readonly hasMore = computed(() => this.cursor() !== null);
  readonly loading = computed(() => this.busy() === 'first');
  readonly loadingMore = computed(() => this.busy() === 'more');
  /** The filters themselves are wrong, not the server. */
  readonly filterFailure = computed(() => (this.problem()?.status === 422 ? this.problem() : null));

  async show(filter: HistoryFilter): Promise<void> {
    this.filter = filter;
    const question = ++this.question;
    this.busy.set('first');
    try {
      const page = await this.ask(PAGE_SIZE);
      if (question === this.question) this.replace(page);
    } catch (error) {
      if (question === this.question) this.fail(failureOf(error));
    }
  }

  reload(): Promise<void> {
    return this.show(this.filter);
  }

  async showMore(): Promise<void> {
    const cursor = this.cursor();
    if (cursor === null || this.busy()) return;
    const question = this.question;
    this.busy.set('more');
    this.moreProblem.set(null);
    try {
      const page = await this.ask(PAGE_SIZE, cursor);
      if (question === this.question) this.append(page);
    } catch (error) {
      if (question === this.question) this.moreProblem.set(failureOf(error));
    }
    if (question === this.question) this.busy.set(null);
  }

  /** Looks whether there is a newer one than the first shown. A failure changes nothing. */
  async lookForNewer(): Promise<void> {
    const shown = this.found();
    if (shown === null || this.busy() || this.newer()) return;
    const question = this.question;
    try {
      const [newest] = (await this.ask(1)).predictions;
      if (question !== this.question) return;
      this.newer.set(newest !== undefined && isNewer(newest, shown));
    } catch {
      // The shell says when the server is away; what is shown stays.
    }
  }

  private ask(limit: number, cursor?: string): Promise<PredictionPage> {
    return this.api.invoke(listPredictions, { ...queryFromFilter(this.filter), limit, cursor });
  }

  private replace(page: PredictionPage): void {
    this.found.set(page.predictions);
    this.settle(page.next_cursor ?? null, null);
  }

  private append(page: PredictionPage): void {
    this.found.update((shown) => [...(shown ?? []), ...page.predictions]);
    this.cursor.set(page.next_cursor ?? null);
  }

  private fail(failure: Failure): void {
    this.found.set(null);
    this.settle(null, failure);
  }

  private settle(cursor: string | null, failure: Failure | null): void {
    this.cursor.set(cursor);
    this.problem.set(failure);
    this.moreProblem.set(null);
    this.newer.set(false);
    this.busy.set(null);
  }
}

// A verdict taken back elsewhere may bring an older one to the front: that is no news.
function isNewer(newest: PredictionSummary, shown: readonly PredictionSummary[]): boolean {
  const first = shown[0];
  return first === undefined || Date.parse(newest.created_at) > Date.parse(first.created_at);
}
