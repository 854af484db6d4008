import { ChangeDetectionStrategy, Component, input, model } from '@angular/core';
import { classColor } from '../../shared/class-colors';
import { DetectedObject } from '../../shared/detected-object';
import { formatPercent } from '../../shared/format';

/** The objects as rows; hover and selection go both ways with the picture. */
@Component({
  selector: 'sg-object-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col" class="number">Confidence</th>
          <th scope="col" class="number">Place</th>
          <th scope="col" class="number">Size</th>
        </tr>
      </thead>
      <tbody>
        @for (object of objects(); track object.id) {
          <tr
            [class.hovered]="hovered() === object.id"
            [class.selected]="selected() === object.id"
            (mouseenter)="hovered.set(object.id)"
            (mouseleave)="hovered.set(null)"
          >
            <td>
              <button
                type="button"
                [attr.aria-pressed]="selected() === object.id"
                (focus)="hovered.set(object.id)"
                (blur)="hovered.set(null)"
                (click)="toggle(object.id)"
              >
                <span
                  class="dot"
                  aria-hidden="true"
                  [style.background]="color(object.classId)"
                ></span>
                {{ object.name }}
              </button>
            </td>
            <td class="number">
              {{ object.confidence === null ? '–' : percent(object.confidence) }}
            </td>
            <td class="number quiet">{{ round(object.box.x1) }}, {{ round(object.box.y1) }}</td>
            <td class="number quiet">
              {{ round(object.box.x2 - object.box.x1) }} ×
              {{ round(object.box.y2 - object.box.y1) }}
            </td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styles: `
    :host {
      display: block;
      max-height: 420px;
      overflow: auto;
    }

    thead th {
      position: sticky;
      top: 0;
      z-index: 1;
      background: var(--mat-sys-surface-container-lowest);
    }

    th,
    td {
      padding: 4px 8px;
      white-space: nowrap;
    }

    tr > :first-child {
      padding-left: 0;
    }

    tbody tr:last-child td {
      border-bottom: 0;
    }

    tr {
      position: relative;
    }

    .hovered {
      background: var(--mat-sys-surface-container-high);
    }

    .selected {
      background: var(--mat-sys-secondary-container);
      color: var(--mat-sys-on-secondary-container);
    }

    .selected .quiet {
      color: inherit;
    }

    button {
      display: inline-flex;
      align-items: center;
      gap: 8px;
      min-height: 28px;
      padding: 2px 4px;
      border: 0;
      border-radius: 6px;
      background: none;
      color: inherit;
      font: inherit;
      cursor: pointer;
    }

    /* The whole row picks its object. */
    button::after {
      position: absolute;
      inset: 0;
      content: '';
    }

    .dot {
      width: 10px;
      height: 10px;
      flex: none;
      border-radius: 50%;
    }
  `,
})
export class ObjectTable {
  readonly objects = input.required<readonly DetectedObject[]>();
  readonly hovered = model<number | null>(null);
  readonly selected = model<number | null>(null);

  protected readonly color = classColor;
  protected readonly percent = formatPercent;
  protected readonly round = Math.round;

  protected toggle(id: number): void {
    this.selected.update((selected) => (selected === id ? null : id));
  }
}
