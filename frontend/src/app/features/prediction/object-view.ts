import { computed, inject, Injectable, linkedSignal, signal } from '@angular/core';
import { PredictionStore } from './prediction-store';
import { VerdictStore } from './verdict-store';

/** Which boxes the page shows, and which of them is pointed at or picked. */
@Injectable()
export class ObjectView {
  private readonly predictions = inject(PredictionStore);
  private readonly verdicts = inject(VerdictStore);

  readonly hovered = signal<number | null>(null);
  readonly selected = signal<number | null>(null);
  readonly shown = linkedSignal<'found' | 'corrected'>(() =>
    this.verdicts.corrected() ? 'corrected' : 'found',
  );
  readonly isCorrecting = computed(() => this.verdicts.corrections() !== null);
  readonly objects = computed(() => {
    const corrections = this.verdicts.corrections();
    if (corrections) return corrections.objects;
    const corrected = this.shown() === 'corrected' ? this.verdicts.corrected() : null;
    return corrected ?? this.verdicts.found();
  });
  /** Of the upright image; null when it was never decoded. */
  readonly size = computed(() => {
    const image = this.predictions.record()?.image;
    return image?.width && image.height ? { width: image.width, height: image.height } : null;
  });
  /** An empty ground says nothing, unless there are boxes on it. */
  readonly isPictured = computed(() => {
    const hasContent = this.predictions.record()?.has_image || this.verdicts.found().length > 0;
    return this.size() !== null && (hasContent || this.verdicts.corrected() !== null);
  });
  readonly isCorrectable = computed(
    () => this.isPictured() && this.predictions.record()?.classifications.length === 0,
  );

  show(which: 'found' | 'corrected'): void {
    this.selected.set(null);
    this.shown.set(which);
  }
}
