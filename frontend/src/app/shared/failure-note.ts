import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { Failure } from '../core/failure';

/** A failure beside content that is still worth seeing, such as what was known before. */
@Component({
  selector: 'sg-failure-note',
  imports: [MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="note" role="alert">
      <p>
        <strong>{{ failure().title }}.</strong> {{ failure().detail }}
        <ng-content />
        @if (failure().requestId; as id) {
          <span class="request">
            Request <span class="code">{{ id }}</span> ·
            <span class="code">{{ failure().code }}</span>
          </span>
        }
      </p>
      @if (action(); as name) {
        <button mat-stroked-button type="button" (click)="acted.emit()">{{ name }}</button>
      }
    </div>
  `,
  styles: `
    .note {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px 16px;
      padding: 8px 16px;
      border-radius: var(--sg-radius);
      background: var(--mat-sys-error-container);
      color: var(--mat-sys-on-error-container);
    }

    p {
      flex: 1 1 240px;
      margin: 0;
      overflow-wrap: anywhere;
    }

    .request {
      display: block;
      font: var(--mat-sys-body-small);
    }

    button {
      --mat-button-outlined-label-text-color: currentColor;
      --mat-button-outlined-outline-color: currentColor;
    }
  `,
})
export class FailureNote {
  readonly failure = input.required<Failure>();
  /** Name of a button beside the text; none when empty. */
  readonly action = input('');
  readonly acted = output<void>();
}
