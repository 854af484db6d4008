import { Location } from '@angular/common';
import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  input,
  linkedSignal,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { Params, RouterLink } from '@angular/router';
import { VerdictValue } from '../../api/models/verdict-value';
import { ApiKey } from '../../core/api-key';
import { ServerStatus } from '../../core/server-status';
import { ClassList } from '../../shared/class-list';
import { formatMilliseconds, formatPercent } from '../../shared/format';
import { ImageViewer } from '../../shared/image-viewer/image-viewer';
import { PageState } from '../../shared/page-state';
import { ServedModel } from '../../core/served-model';
import { classChoices } from './class-choices';
import { ConfirmDialog } from './confirm-dialog';
import { ClassChoice } from './corrections';
import { CorrectionsPanel } from './corrections-panel';
import { KeptPicture } from './kept-picture';
import { BOXES_LOST, CHANGES_LOST, VERDICT_LOST } from './losses';
import { MlflowPlace } from './mlflow-place';
import { ObjectTable } from './object-table';
import { ObjectView } from './object-view';
import { PredictionFacts } from './prediction-facts';
import { PredictionHead } from './prediction-head';
import { PredictionStore } from './prediction-store';
import { TraceWaterfall } from './trace-waterfall';
import { LeavablePage } from './unsaved-changes';
import { VerdictKeys } from './verdict-keys';
import { VerdictPanel } from './verdict-panel';
import { VerdictStore } from './verdict-store';

const CLOCK_MS = 10_000;

/** One prediction: its picture and objects, its trace, and what a person says of it. */
@Component({
  selector: 'sg-prediction-page',
  imports: [
    ClassList,
    ConfirmDialog,
    CorrectionsPanel,
    ImageViewer,
    MatButtonModule,
    MlflowPlace,
    ObjectTable,
    PageState,
    PredictionFacts,
    PredictionHead,
    RouterLink,
    TraceWaterfall,
    VerdictPanel,
  ],
  providers: [KeptPicture, ObjectView, PredictionStore, VerdictStore],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: {
    class: 'page',
    '(document:keydown)': 'pressKey($event)',
    '(window:beforeunload)': 'warnBeforeUnload($event)',
  },
  templateUrl: './prediction-page.html',
  styleUrl: './prediction-page.scss',
})
export class PredictionPage implements LeavablePage {
  /** Of the prediction, from the page's address. */
  readonly id = input.required<string>();

  protected readonly store = inject(PredictionStore);
  protected readonly verdicts = inject(VerdictStore);
  protected readonly view = inject(ObjectView);
  protected readonly picture = inject(KeptPicture);
  protected readonly duration = formatMilliseconds;
  protected readonly now = signal(Date.now());
  /** Leads back to the list as it was left. */
  protected readonly listFilters = listFilters(inject(Location).getState());

  protected readonly label = computed(() => {
    const record = this.store.record();
    const name = record?.image.name || 'Image';
    const best = record?.classifications[0];
    if (best) return `${name}: ${best.name} ${formatPercent(best.confidence)}`;
    const { length } = this.view.objects();
    return `${name} with ${length} ${length === 1 ? 'box' : 'boxes'}`;
  });
  protected readonly choices = computed(() => {
    const record = this.store.record();
    return record ? classChoices(record, this.model.value()) : [];
  });
  protected readonly newClass = linkedSignal<readonly ClassChoice[], ClassChoice | null>({
    source: this.choices,
    computation: (choices, previous) =>
      choices.find(({ id }) => id === previous?.value?.id) ?? choices[0] ?? null,
  });
  protected readonly isJudgeable = computed(() => {
    const record = this.store.record();
    return record?.outcome === 'succeeded' || !!record?.verdict;
  });

  private readonly model = inject(ServedModel);
  private readonly keys = inject(VerdictKeys);
  private readonly server = inject(ServerStatus);
  private readonly key = inject(ApiKey);
  private readonly confirm = viewChild.required(ConfirmDialog);
  private readonly pictureSection = viewChild.required<ElementRef<HTMLElement>>('pictureSection');
  private readonly verdictTitle = viewChild<ElementRef<HTMLElement>>('verdictTitle');

  constructor() {
    effect(() => {
      const id = this.id();
      this.server.returned();
      this.key.value();
      untracked(() => void this.load(id));
    });
    this.followCorrecting();
    const clock = setInterval(() => this.now.set(Date.now()), CLOCK_MS);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(clock);
      this.store.stop();
    });
  }

  canLeave(): boolean | Promise<boolean> {
    return !this.verdicts.isDirty() || this.confirmLoss();
  }

  protected async say(verdict: VerdictValue): Promise<void> {
    const losesBoxes = verdict === 'right' && this.verdicts.corrected() !== null;
    if (losesBoxes && !(await this.confirm().ask(BOXES_LOST))) return;
    await this.verdicts.say(verdict);
  }

  protected async takeBack(): Promise<void> {
    const saved = this.verdicts.saved();
    const losesWork = saved?.objects || this.verdicts.note().trim();
    if (losesWork && !(await this.confirm().ask(VERDICT_LOST))) return;
    await this.verdicts.takeBack();
  }

  protected startCorrecting(): void {
    this.verdicts.startCorrecting();
    this.pictureSection().nativeElement.scrollIntoView({ block: 'nearest' });
  }

  protected async stopCorrecting(): Promise<void> {
    if (this.verdicts.objectsAreChanged() && !(await this.confirmLoss())) return;
    this.verdicts.stopCorrecting();
  }

  protected reload(): void {
    void this.load(this.id());
  }

  protected pressKey(event: KeyboardEvent): void {
    const verdict = this.keys.verdictOf(event);
    if (!verdict || !this.isJudgeable() || this.verdicts.corrections()) return;
    event.preventDefault();
    void this.say(verdict);
  }

  protected warnBeforeUnload(event: BeforeUnloadEvent): void {
    if (this.verdicts.isDirty()) event.preventDefault();
  }

  private async load(id: string): Promise<void> {
    // What is being typed or drawn belongs to the record that is shown.
    if (this.store.record()?.id === id && this.verdicts.isDirty()) return;
    await this.store.load(id);
    await this.store.watchMlflow();
  }

  /** What was picked is among other objects now, and the button that was pressed is gone. */
  private followCorrecting(): void {
    let before = false;
    effect(() => {
      const now = this.view.isCorrecting();
      this.view.selected.set(null);
      if (before && !now) this.verdictTitle()?.nativeElement.focus({ preventScroll: true });
      before = now;
    });
  }

  private confirmLoss(): Promise<boolean> {
    return this.confirm().ask(CHANGES_LOST);
  }
}

function listFilters(state: unknown): Params {
  return (state as { filters?: Params } | null)?.filters ?? {};
}
