import { inject, Injectable, signal } from '@angular/core';
import { Api } from '../../api/api';
import { showPrediction } from '../../api/fn/records/show-prediction';
import { PredictionRecord } from '../../api/models/prediction-record';
import { VerdictAnswer } from '../../api/models/verdict-answer';
import { Failure, failureOf } from '../../core/failure';

// A new prediction comes into the history within about half a second.
const ARRIVAL_PAUSES_MS = [400, 600, 800, 1200];
const ID = /^[0-9a-f]{32}$/;
const MLFLOW_PAUSE_MS = 5_000;
const MLFLOW_WAIT_MS = 120_000;

/** The record of one prediction. */
@Injectable()
export class PredictionStore {
  private readonly api = inject(Api);
  private readonly found = signal<PredictionRecord | null>(null);
  private readonly problem = signal<Failure | null>(null);
  private readonly busy = signal(false);
  /** Which prediction the answers belong to: those of an older question are dropped. */
  private question = 0;

  readonly record = this.found.asReadonly();
  readonly failure = this.problem.asReadonly();
  readonly loading = this.busy.asReadonly();

  async load(id: string): Promise<void> {
    const question = ++this.question;
    if (this.found()?.id !== id) this.found.set(null);
    this.busy.set(true);
    this.problem.set(null);
    try {
      const record = await this.askUntilThere(id, () => question === this.question);
      if (question === this.question) this.found.set(record);
    } catch (error) {
      if (question === this.question) this.fail(failureOf(error));
    }
    if (question === this.question) this.busy.set(false);
  }

  /** Ends what is still being asked; called when the page is left. */
  stop(): void {
    this.question += 1;
  }

  setVerdict(id: string, verdict: VerdictAnswer | null): void {
    this.found.update((record) => (record?.id === id ? { ...record, verdict } : record));
  }

  /** Asks now and then for MLflow's ids, while the prediction is new and has none. */
  async watchMlflow(): Promise<void> {
    const question = this.question;
    const awaited = () => question === this.question && awaitsMlflow(this.found());
    while (awaited()) {
      await pause(MLFLOW_PAUSE_MS);
      if (awaited() && document.visibilityState === 'visible') await this.updateMlflow();
    }
  }

  private async updateMlflow(): Promise<void> {
    const id = this.found()?.id;
    if (!id) return;
    try {
      const { mlflow } = await this.ask(id);
      this.found.update((record) => (record?.id === id ? { ...record, mlflow } : record));
    } catch {
      // Only a link is missing; the shell says when the server is away.
    }
  }

  private async askUntilThere(id: string, wanted: () => boolean): Promise<PredictionRecord> {
    for (const milliseconds of ARRIVAL_PAUSES_MS) {
      try {
        return await this.ask(id);
      } catch (error) {
        const isAwaited = ID.test(id) && failureOf(error).status === 404;
        if (!isAwaited || !wanted()) throw error;
      }
      await pause(milliseconds);
    }
    return this.ask(id);
  }

  private ask(id: string): Promise<PredictionRecord> {
    return this.api.invoke(showPrediction, { prediction_id: id });
  }

  private fail(failure: Failure): void {
    this.found.set(null);
    this.problem.set(failure);
  }
}

function awaitsMlflow(record: PredictionRecord | null): boolean {
  const isNew = record && Date.now() - Date.parse(record.created_at) < MLFLOW_WAIT_MS;
  return !!isNew && !record.mlflow.run_url && !record.mlflow.trace_url;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
