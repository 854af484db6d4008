import { computed, inject, Injectable, linkedSignal, signal } from '@angular/core';
import { Api } from '../../api/api';
import { deleteVerdict } from '../../api/fn/records/delete-verdict';
import { putVerdict } from '../../api/fn/records/put-verdict';
import { CorrectedObject } from '../../api/models/corrected-object';
import { VerdictAnswer } from '../../api/models/verdict-answer';
import { VerdictValue } from '../../api/models/verdict-value';
import { Failure, failureOf } from '../../core/failure';
import { DetectedObject, detectedObjects } from '../../shared/detected-object';
import {
  correct,
  correctedObjects,
  Corrections,
  isChanged,
  objectsOfVerdict,
  startCorrections,
  undo,
} from './corrections';
import { PredictionStore } from './prediction-store';

/** What a person says of the prediction: as it is kept, and as it is being changed. */
@Injectable()
export class VerdictStore {
  private readonly api = inject(Api);
  private readonly predictions = inject(PredictionStore);
  private readonly editing = signal<Corrections | null>(null);
  private readonly busy = signal(false);
  private readonly problem = signal<Failure | null>(null);

  readonly saved = computed(() => this.predictions.record()?.verdict ?? null);
  readonly note = linkedSignal(() => this.saved()?.note ?? '');
  readonly corrections = this.editing.asReadonly();
  readonly saving = this.busy.asReadonly();
  readonly failure = this.problem.asReadonly();
  readonly found = computed(() => detectedObjects(this.predictions.record()?.detections ?? []));
  /** The objects of the kept verdict; null when nobody corrected them. */
  readonly corrected = computed(() => {
    const objects = this.saved()?.objects;
    return objects ? objectsOfVerdict(objects) : null;
  });
  readonly noteIsChanged = computed(() => this.trimmedNote() !== (this.saved()?.note ?? null));
  readonly objectsAreChanged = computed(() => {
    const corrections = this.editing();
    return corrections !== null && isChanged(corrections);
  });
  readonly isDirty = computed(() => this.noteIsChanged() || this.objectsAreChanged());

  startCorrecting(): void {
    this.problem.set(null);
    this.editing.set(startCorrections(this.corrected() ?? this.found()));
  }

  correct(objects: readonly DetectedObject[]): void {
    this.editing.update((corrections) => corrections && correct(corrections, objects));
  }

  undo(): void {
    this.editing.update((corrections) => corrections && undo(corrections));
  }

  /** Drops all that was changed since the verdict was kept. */
  discard(): void {
    this.editing.set(null);
    this.note.set(this.saved()?.note ?? '');
    this.problem.set(null);
  }

  stopCorrecting(): void {
    this.editing.set(null);
    this.problem.set(null);
  }

  /** `right` also says that boxes drawn before were a mistake: they are not sent again. */
  say(verdict: VerdictValue): Promise<void> {
    return this.put(verdict, verdict === 'wrong' ? this.keptObjects() : null);
  }

  saveNote(): Promise<void> {
    const verdict = this.saved()?.verdict;
    return verdict ? this.put(verdict, this.keptObjects()) : Promise.resolve();
  }

  async saveCorrections(): Promise<void> {
    const corrections = this.editing();
    if (corrections) await this.put('wrong', correctedObjects(corrections.objects));
    if (!this.problem()) this.editing.set(null);
  }

  takeBack(): Promise<void> {
    return this.change(async (id) => {
      await this.api.invoke(deleteVerdict, { prediction_id: id });
      return null;
    });
  }

  private put(verdict: VerdictValue, objects: CorrectedObject[] | null): Promise<void> {
    const body = { verdict, objects, note: this.trimmedNote() };
    return this.change((id) => this.api.invoke(putVerdict, { prediction_id: id, body }));
  }

  private async change(ask: (id: string) => Promise<VerdictAnswer | null>): Promise<void> {
    const id = this.predictions.record()?.id;
    if (!id || this.busy()) return;
    this.busy.set(true);
    this.problem.set(null);
    try {
      this.predictions.setVerdict(id, await ask(id));
    } catch (error) {
      this.problem.set(failureOf(error));
    }
    this.busy.set(false);
  }

  private keptObjects(): CorrectedObject[] | null {
    const objects = this.corrected();
    return objects && correctedObjects(objects);
  }

  private trimmedNote(): string | null {
    return this.note().trim() || null;
  }
}
