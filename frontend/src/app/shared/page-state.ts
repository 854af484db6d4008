import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { MatProgressBarModule } from '@angular/material/progress-bar';
import { Failure, whenToRetry } from '../core/failure';

/** What a page shows in place of its content: that it loads, that it failed, or that there is none. */
@Component({
  selector: 'sg-page-state',
  imports: [MatButtonModule, MatProgressBarModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (failure(); as failed) {
      <div class="state" role="alert">
        <h2>{{ failed.title }}</h2>
        <p>{{ failed.detail }} {{ whenToRetry(failed) }}</p>
        @if (failed.requestId) {
          <p class="quiet">
            Request <span class="code">{{ failed.requestId }}</span> ·
            <span class="code">{{ failed.code }}</span>
          </p>
        }
        <button mat-stroked-button type="button" (click)="retry.emit()">Try again</button>
      </div>
    } @else if (loading()) {
      <div class="state" role="status">
        <mat-progress-bar mode="indeterminate" aria-label="Loading" />
        <p class="quiet">Loading …</p>
      </div>
    } @else {
      <div class="state" role="status">
        <h2>{{ emptyTitle() }}</h2>
        <ng-content />
      </div>
    }
  `,
  styles: `
    .state {
      display: grid;
      justify-items: center;
      gap: 8px;
      padding: 48px 16px;
      text-align: center;
    }

    h2 {
      margin: 0;
      font: var(--mat-sys-title-medium);
    }

    p {
      margin: 0;
      max-width: 60ch;
    }

    mat-progress-bar {
      max-width: 240px;
    }
  `,
})
export class PageState {
  readonly failure = input<Failure | null>(null);
  readonly loading = input(false);
  readonly emptyTitle = input('Nothing here yet');
  readonly retry = output<void>();
  protected readonly whenToRetry = whenToRetry;
}
