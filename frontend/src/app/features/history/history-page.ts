import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  effect,
  inject,
  signal,
  untracked,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { MatButtonModule } from '@angular/material/button';
import { MatProgressBarModule } from '@angular/material/progress-bar';
import { ActivatedRoute, Router, RouterLink } from '@angular/router';
import { mdiArrowUp, mdiRefresh } from '@mdi/js';
import { ApiKey } from '../../core/api-key';
import { ServerStatus } from '../../core/server-status';
import { FailureNote } from '../../shared/failure-note';
import { Icon } from '../../shared/icon';
import { PageState } from '../../shared/page-state';
import { FilterName, filterFromUrl, HistoryFilter, urlFromFilter } from './history-filter';
import { HistoryFilters } from './history-filters';
import { HistoryStore } from './history-store';
import { PredictionTable } from './prediction-table';
import { ServedModel } from '../../core/served-model';

const LOOK_EVERY_MS = 10_000;

/** Every prediction, newest first. The filter lives in the page's address only. */
@Component({
  selector: 'sg-history-page',
  imports: [
    FailureNote,
    HistoryFilters,
    Icon,
    MatButtonModule,
    MatProgressBarModule,
    PageState,
    PredictionTable,
    RouterLink,
  ],
  providers: [HistoryStore],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  templateUrl: './history-page.html',
  styleUrl: './history-page.scss',
})
export class HistoryPage {
  protected readonly store = inject(HistoryStore);
  protected readonly model = inject(ServedModel);
  protected readonly refreshIcon = mdiRefresh;
  protected readonly newerIcon = mdiArrowUp;
  protected readonly now = signal(Date.now());
  private readonly router = inject(Router);
  private readonly route = inject(ActivatedRoute);
  private readonly server = inject(ServerStatus);
  private readonly key = inject(ApiKey);
  private readonly parameters = toSignal(this.route.queryParamMap, { requireSync: true });
  protected readonly filter = computed(() => filterFromUrl(this.parameters()), {
    equal: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  });
  protected readonly isFiltered = computed(() => Object.keys(this.filter()).length > 0);
  protected readonly models = computed(() => {
    const served = this.model.value();
    return served ? [served.model_name] : [];
  });

  constructor() {
    effect(() => {
      this.server.returned();
      this.key.value();
      const filter = this.filter();
      untracked(() => void this.store.show(filter));
    });
    effect(() => {
      this.store.predictions();
      this.now.set(Date.now());
    });
    const timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  protected setFilter(filter: HistoryFilter): void {
    const typing = this.isTyping(filter);
    void this.router.navigate([], {
      relativeTo: this.route,
      queryParams: urlFromFilter(filter),
      queryParamsHandling: 'merge',
      // One step back for a word, not one for each pause in its typing.
      replaceUrl: typing,
    });
  }

  protected clearFilters(): void {
    this.setFilter({});
  }

  protected async showNewer(): Promise<void> {
    await this.store.reload();
    window.scrollTo({ top: 0 });
  }

  /** Whether only a text that was set before is changed. */
  private isTyping(filter: HistoryFilter): boolean {
    const before = this.filter();
    const names = new Set([...Object.keys(before), ...Object.keys(filter)]) as Set<FilterName>;
    const changed = [...names].filter((name) => before[name] !== filter[name]);
    return changed.every(
      (name) => TYPED.has(name) && before[name] && filter[name]?.startsWith(before[name]),
    );
  }

  private look(): void {
    this.now.set(Date.now());
    if (document.visibilityState === 'visible' && !this.server.isAway()) {
      void this.store.lookForNewer();
    }
  }
}

const TYPED: ReadonlySet<FilterName> = new Set([
  'class',
  'model',
  'version',
  'lowest_confidence',
  'min_confidence',
]);
