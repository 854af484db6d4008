import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  ElementRef,
  inject,
  input,
  model,
  output,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiDeleteOutline, mdiPlus, mdiUndo } from '@mdi/js';
import { BoxAnswer } from '../../api/models/box-answer';
import { ImageSize } from '../../api/models/image-size';
import { classColor } from '../../shared/class-colors';
import { FailureNote } from '../../shared/failure-note';
import { Icon } from '../../shared/icon';
import { ClassChoice, withBoxInMiddle, withClass, withoutObject, withSide } from './corrections';
import { VerdictStore } from './verdict-store';

/** The boxes that are being corrected: their classes, their sides, and what becomes of them. */
@Component({
  selector: 'sg-corrections-panel',
  imports: [FailureNote, Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './corrections-panel.html',
  styleUrl: './corrections-panel.scss',
  host: { tabindex: '-1' },
})
export class CorrectionsPanel {
  readonly choices = input.required<readonly ClassChoice[]>();
  readonly size = input.required<ImageSize>();
  readonly newClass = model.required<ClassChoice | null>();
  readonly hovered = model<number | null>(null);
  readonly selected = model<number | null>(null);
  readonly discarded = output<void>();

  protected readonly verdicts = inject(VerdictStore);
  protected readonly icons = { add: mdiPlus, remove: mdiDeleteOutline, undo: mdiUndo };
  protected readonly sides = [
    { side: 'x1', name: 'Left' },
    { side: 'y1', name: 'Top' },
    { side: 'x2', name: 'Right' },
    { side: 'y2', name: 'Bottom' },
  ] as const;
  protected readonly color = classColor;
  protected readonly round = Math.round;
  protected readonly objects = computed(() => this.verdicts.corrections()?.objects ?? []);
  protected readonly canUndo = computed(() => (this.verdicts.corrections()?.past.length ?? 0) > 0);
  protected readonly status = computed(() => {
    const count = this.objects().length;
    return `${count} ${count === 1 ? 'box' : 'boxes'}`;
  });

  constructor() {
    const host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    afterNextRender(() => host.focus({ preventScroll: true }));
  }

  protected choose(id: string): void {
    this.newClass.set(this.choiceOf(id));
  }

  protected setClass(object: number, id: string): void {
    const choice = this.choiceOf(id);
    if (choice) this.verdicts.correct(withClass(this.objects(), object, choice));
  }

  protected setSide(object: number, side: keyof BoxAnswer, text: string): void {
    const value = Number.parseFloat(text);
    if (!Number.isFinite(value)) return;
    this.verdicts.correct(withSide(this.objects(), object, side, value, this.size()));
  }

  protected add(): void {
    const choice = this.newClass();
    if (!choice) return;
    const objects = withBoxInMiddle(this.objects(), choice, this.size());
    this.verdicts.correct(objects);
    this.selected.set(objects.at(-1)?.id ?? null);
  }

  protected remove(id: number): void {
    this.verdicts.correct(withoutObject(this.objects(), id));
    this.hovered.set(null);
    if (this.selected() === id) this.selected.set(null);
  }

  protected toggle(id: number): void {
    this.selected.update((selected) => (selected === id ? null : id));
  }

  private choiceOf(id: string): ClassChoice | null {
    return this.choices().find((choice) => String(choice.id) === id) ?? null;
  }
}
