import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { ClassificationAnswer } from '../api/models/classification-answer';
import { classColor } from './class-colors';
import { formatPercent } from './format';

/** What a model that names the whole image takes it for, the likeliest first. */
@Component({
  selector: 'sg-class-list',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <ol>
      @for (guess of guesses(); track guess.class) {
        <li>
          <span class="dot" aria-hidden="true" [style.background]="color(guess.class)"></span>
          <span class="name">{{ guess.name }}</span>
          <span class="number">{{ percent(guess.confidence) }}</span>
          <span class="bar" aria-hidden="true"
            ><span [style.width.%]="guess.confidence * 100"></span
          ></span>
        </li>
      }
    </ol>
  `,
  styles: `
    ol {
      display: grid;
      gap: 8px;
      margin: 0;
      padding: 0;
      list-style: none;
    }

    li {
      display: grid;
      grid-template-columns: auto 1fr auto;
      align-items: center;
      gap: 4px 8px;
    }

    .dot {
      width: 12px;
      height: 12px;
      border-radius: 50%;
    }

    .name {
      overflow-wrap: anywhere;
    }

    .bar {
      grid-column: 1 / -1;
      height: 6px;
      overflow: hidden;
      border-radius: 3px;
      background: var(--mat-sys-surface-container-highest);

      span {
        display: block;
        height: 100%;
        background: var(--mat-sys-primary);
      }
    }
  `,
})
export class ClassList {
  readonly guesses = input.required<readonly ClassificationAnswer[]>();
  protected readonly color = classColor;
  protected readonly percent = formatPercent;
}
