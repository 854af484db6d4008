import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

/** How many objects were found, or images named, in each tenth of the confidence. */
@Component({
  selector: 'sg-confidence-bars',
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './confidence-bars.html',
  styleUrl: './confidence-bars.scss',
})
export class ConfidenceBars {
  /** One for each tenth, from 0 to 1. */
  readonly counts = input.required<readonly number[]>();

  readonly found = input<'objects' | 'images'>('objects');

  protected readonly total = computed(() => this.counts().reduce((a, b) => a + b, 0));
  protected readonly bars = computed(() => {
    const most = Math.max(1, ...this.counts());
    return this.counts().map((count, tenth) => ({
      from: (tenth / 10).toFixed(1),
      range: `${(tenth / 10).toFixed(1)}–${((tenth + 1) / 10).toFixed(1)}`,
      count: Math.round(count).toLocaleString(),
      height: (count / most) * 100,
    }));
  });
}
