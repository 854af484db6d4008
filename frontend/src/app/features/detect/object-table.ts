import {
  ChangeDetectionStrategy,
  Component,
  effect,
  ElementRef,
  inject,
  input,
  model,
} from '@angular/core';
import { classColor } from '../../shared/class-colors';
import { DetectedObject } from '../../shared/detected-object';
import { formatPercent } from '../../shared/format';

/** The objects as rows, linked with their boxes by hover, focus and selection. */
@Component({
  selector: 'sg-object-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table class="table" aria-label="Objects">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">Confidence</th>
          <th scope="col" class="number">Size, px</th>
        </tr>
      </thead>
      <tbody>
        @for (object of objects(); track object.id) {
          <tr
            [attr.data-id]="object.id"
            [class.hovered]="object.id === hovered()"
            [class.selected]="object.id === selected()"
            (mouseenter)="hovered.set(object.id)"
            (mouseleave)="hovered.set(null)"
          >
            <td>
              <button
                type="button"
                [attr.aria-pressed]="object.id === selected()"
                (focus)="hovered.set(object.id)"
                (blur)="hovered.set(null)"
                (click)="toggle(object.id)"
              >
                <span class="dot" [style.background]="color(object.classId)"></span>
                {{ object.name }}
              </button>
            </td>
            <td>
              <span class="confidence number">
                <span class="bar"
                  ><span [style.width.%]="(object.confidence ?? 0) * 100"></span
                ></span>
                {{ percent(object.confidence ?? 0) }}
              </span>
            </td>
            <td class="number">{{ size(object) }}</td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styleUrl: './object-table.scss',
})
export class ObjectTable {
  readonly objects = input.required<readonly DetectedObject[]>();
  readonly hovered = model<number | null>(null);
  readonly selected = model<number | null>(null);

  protected readonly color = classColor;
  protected readonly percent = formatPercent;
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  constructor() {
    effect(() => this.scrollTo(this.selected()));
  }

  protected toggle(id: number): void {
    this.selected.set(this.selected() === id ? null : id);
  }

  protected size({ box }: DetectedObject): string {
    return `${Math.round(box.x2 - box.x1)} × ${Math.round(box.y2 - box.y1)}`;
  }

  /** Within the table only: the page stays where the person has it. */
  private scrollTo(id: number | null): void {
    const row = this.element.querySelector<HTMLElement>(`tr[data-id="${id}"]`);
    if (!row) return;
    const top = row.offsetTop - row.offsetHeight;
    const visible = this.element.scrollTop + this.element.clientHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (row.offsetTop + row.offsetHeight > visible) {
      this.element.scrollTop = row.offsetTop + row.offsetHeight - this.element.clientHeight;
    }
  }
}
