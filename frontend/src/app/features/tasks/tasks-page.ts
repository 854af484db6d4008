import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  ElementRef,
  inject,
  input,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { mdiClose } from '@mdi/js';
import { apiUrl } from '../../core/api-root';
import { ApiKey } from '../../core/api-key';
import { CopyButton } from '../../shared/copy-button';
import { FailureNote } from '../../shared/failure-note';
import { Icon } from '../../shared/icon';
import { PageState } from '../../shared/page-state';
import { TaskCommands } from './task-commands';
import { statusOf, STATUSES } from './task-list';
import { TaskState } from './task-state';
import { MOST_LISTED, TaskStore } from './task-store';
import { TaskTable } from './task-table';

const SHOWN_AT_ONCE = 100;

/** `/tasks`: what is queued, what runs and what came of it, as it happens. */
@Component({
  selector: 'sg-tasks-page',
  imports: [
    CopyButton,
    FailureNote,
    Icon,
    MatButtonModule,
    PageState,
    RouterLink,
    TaskState,
    TaskTable,
  ],
  providers: [TaskStore, TaskCommands],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  templateUrl: './tasks-page.html',
  styleUrl: './tasks-page.scss',
})
export class TasksPage {
  /** Of the address: which tasks are shown. */
  readonly status = input<string>();

  protected readonly store = inject(TaskStore);
  protected readonly commands = inject(TaskCommands);
  protected readonly statuses = STATUSES;
  protected readonly mostListed = MOST_LISTED;
  protected readonly closeIcon = mdiClose;
  protected readonly now = signal(Date.now());
  protected readonly chosen = computed(() => statusOf(this.status()));
  protected readonly matching = computed(() => {
    const chosen = this.chosen();
    const tasks = this.store.tasks();
    return chosen ? tasks.filter((task) => task.status === chosen) : tasks;
  });
  /** A stream without a list says nothing of what it does not know. */
  protected readonly isLive = computed(() => this.store.live() && this.store.failure() === null);
  /** Coming back does not help a key that may not look. */
  protected readonly isRefused = computed(() => {
    const status = this.store.failure()?.status ?? 0;
    return status >= 400 && status < 500;
  });
  /** How many rows are drawn; anew for each choice. */
  private readonly most = linkedSignal({ source: this.chosen, computation: () => SHOWN_AT_ONCE });
  protected readonly shown = computed(() => this.matching().slice(0, this.most()));
  protected readonly command = computed(() => {
    const key = this.key.isSet() ? ' -H "X-API-Key: $SIGHTGLASS_API_KEY"' : '';
    return `curl${key} -F file=@street.jpg ${apiUrl('/process-image/async')}`;
  });

  private readonly key = inject(ApiKey);
  private readonly question = viewChild.required<ElementRef<HTMLDialogElement>>('question');

  constructor() {
    const ticking = setInterval(() => this.tick(), 1000);
    inject(DestroyRef).onDestroy(() => clearInterval(ticking));
  }

  protected showMore(): void {
    this.most.update((most) => most + SHOWN_AT_ONCE);
  }

  protected askToCancelQueued(): void {
    this.question().nativeElement.showModal();
  }

  protected cancelQueued(): void {
    this.question().nativeElement.close();
    void this.commands.cancelQueued();
  }

  private tick(): void {
    if (document.visibilityState === 'visible') this.now.set(Date.now());
  }
}
