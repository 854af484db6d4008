import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import { classColor } from '../../shared/class-colors';
import { formatPercent } from '../../shared/format';
import { ClassCount, FilteredObjects, ObjectFilter } from './shown-objects';

/** Which objects are shown: how sure the model must be, and of which classes. */
@Component({
  selector: 'sg-object-filter',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="slider">
      <label for="confidence">Confidence at least</label>
      <output class="number" for="confidence">{{ percent(filter().confidence) }}</output>
      <input
        id="confidence"
        type="range"
        [min]="lowest()"
        max="0.99"
        step="0.01"
        [value]="filter().confidence"
        [attr.aria-valuetext]="percent(filter().confidence)"
        (input)="confidence.emit($any($event.target).valueAsNumber)"
      />
    </div>
    <div class="chips" role="group" aria-label="Classes">
      @for (entry of classes(); track entry.classId) {
        <button
          type="button"
          [attr.aria-pressed]="!filter().hiddenClasses.has(entry.classId)"
          (click)="toggled.emit(entry.classId)"
        >
          <span class="dot" [style.background]="color(entry.classId)"></span>
          {{ entry.name }} <span class="number">{{ entry.count }}</span>
        </button>
      }
    </div>
    <p class="quiet number" role="status">
      {{ objects().shown.length }} shown{{ hidden() }}
      @if (filter().confidence !== modelConfidence()) {
        <button type="button" class="link" (click)="confidence.emit(null)">
          Back to the model’s {{ percent(modelConfidence()) }}
        </button>
      } @else if (lowest() >= modelConfidence()) {
        <button
          type="button"
          class="link"
          title="Asks the server again, which records another prediction"
          (click)="deeper.emit()"
        >
          Look below {{ percent(modelConfidence()) }} too
        </button>
      }
    </p>
  `,
  styleUrl: './object-filter.scss',
})
export class ObjectFilterPanel {
  readonly filter = input.required<ObjectFilter>();
  readonly modelConfidence = input.required<number>();
  /** What the server was asked for: there is nothing to show below it. */
  readonly lowest = input.required<number>();
  readonly classes = input.required<readonly ClassCount[]>();
  readonly objects = input.required<FilteredObjects>();
  /** The wanted confidence; null: as the model says. */
  readonly confidence = output<number | null>();
  readonly toggled = output<number>();
  /** Objects below `lowest` are wanted too. */
  readonly deeper = output<void>();

  protected readonly percent = formatPercent;
  protected readonly color = classColor;
  protected readonly hidden = computed(() => {
    const { below, hiddenByClass } = this.objects();
    const reasons = [
      below > 0 ? `${below} less sure` : '',
      hiddenByClass > 0 ? `${hiddenByClass} of other classes` : '',
    ].filter((reason) => reason !== '');
    return reasons.length > 0 ? `, ${below + hiddenByClass} hidden (${reasons.join(', ')})` : '';
  });
}
