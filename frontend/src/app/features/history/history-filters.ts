import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  inject,
  input,
  linkedSignal,
  output,
  signal,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiClose } from '@mdi/js';
import { Failure } from '../../core/failure';
import { Icon } from '../../shared/icon';
import {
  describeFilter,
  FilterName,
  HistoryFilter,
  hoursBefore,
  localFromTime,
  tidy,
  timeFromLocal,
} from './history-filter';

const TYPING_PAUSE_MS = 300;
/** The fields of the filter, and in words what is set. */
@Component({
  selector: 'sg-history-filters',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './history-filters.html',
  styleUrl: './history-filters.scss',
})
export class HistoryFilters {
  readonly filter = input.required<HistoryFilter>();
  readonly classes = input<readonly string[]>([]);
  readonly models = input<readonly string[]>([]);
  readonly failure = input<Failure | null>(null);
  readonly changed = output<HistoryFilter>();

  protected readonly closeIcon = mdiClose;
  protected readonly ranges = [
    { name: 'Last hour', hours: 1 },
    { name: '24 hours', hours: 24 },
    { name: '7 days', hours: 168 },
  ];
  protected readonly toLocal = localFromTime;
  /** The fields as they are now: the filter, and over it what is still being typed. */
  protected readonly draft = linkedSignal(() => ({ ...this.filter(), ...this.typed }));
  protected readonly summary = computed(() =>
    Object.entries(this.filter()).map(([name, value]) => ({
      name: name as FilterName,
      text: describeFilter(name as FilterName, value),
    })),
  );
  protected readonly opened = signal(false);
  private typed: HistoryFilter = {};
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.timer));
  }

  /** Sets a field after a pause in the typing. */
  protected type(name: FilterName, value: string): void {
    this.typed = { ...this.typed, [name]: value };
    this.draft.update((fields) => ({ ...fields, [name]: value }));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.apply({}), TYPING_PAUSE_MS);
  }

  protected typeTime(name: 'since' | 'until', local: string): void {
    this.type(name, timeFromLocal(local));
  }

  protected showLast(hours: number): void {
    this.apply({ since: hoursBefore(hours, Date.now()), until: '' });
  }

  /** Sets fields at once, with what was typed before. */
  protected apply(fields: HistoryFilter): void {
    clearTimeout(this.timer);
    const changed = tidy({ ...this.filter(), ...this.typed, ...fields });
    this.typed = {};
    this.draft.set(changed);
    this.changed.emit(changed);
  }

  protected remove(name: FilterName): void {
    this.apply({ [name]: '' });
  }

  protected clear(): void {
    this.typed = {};
    this.draft.set({});
    clearTimeout(this.timer);
    this.changed.emit({});
  }
}
