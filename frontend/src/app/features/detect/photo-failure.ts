import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiAlertCircleOutline } from '@mdi/js';
import { whenToRetry } from '../../core/failure';
import { Icon } from '../../shared/icon';
import { Photo } from './photo';

const REFUSED_BYTES = new Set([400, 415]);

/** In place of an image that was not analysed: never to be taken for one without objects. */
@Component({
  selector: 'sg-photo-failure',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @let photo = this.photo();
    @if (photo.failure; as failure) {
      <div class="failure" role="alert">
        <sg-icon [path]="icon" />
        <h2>
          <bdi>{{ photo.file.name }}</bdi> was not analysed
        </h2>
        <p>{{ failure.detail }} {{ whenToRetry(failure) }}</p>
        <p>
          <span class="code">{{ failure.code }}</span>
          @if (failure.requestId) {
            · request <span class="code">{{ failure.requestId }}</span>
          }
        </p>
        @if (canHelp()) {
          <button mat-flat-button type="button" (click)="retried.emit()">Try again</button>
        }
      </div>
    } @else {
      <div class="failure calm">
        <h2>
          <bdi>{{ photo.file.name }}</bdi> was cancelled
        </h2>
        <button mat-flat-button type="button" (click)="retried.emit()">Analyse it after all</button>
      </div>
    }
  `,
  styles: `
    .failure {
      display: grid;
      place-content: center;
      justify-items: center;
      gap: 8px;
      min-height: 320px;
      padding: 24px;
      border: 1px solid var(--mat-sys-error);
      border-radius: var(--sg-radius);
      background: var(--mat-sys-error-container);
      color: var(--mat-sys-on-error-container);
      text-align: center;
      overflow-wrap: anywhere;

      sg-icon {
        font-size: 32px;
      }

      &.calm {
        border-color: var(--sg-line);
        background: var(--mat-sys-surface-container);
        color: inherit;
      }
    }

    h2 {
      margin: 0;
      font: var(--mat-sys-title-medium);
    }

    p {
      margin: 0;
      max-width: 60ch;
    }

    button {
      margin-top: 8px;
    }
  `,
})
export class PhotoFailure {
  readonly photo = input.required<Photo>();
  /** The same bytes would be refused again. */
  protected readonly canHelp = computed(() => {
    const { failure, isRefused } = this.photo();
    return !isRefused && !REFUSED_BYTES.has(failure?.status ?? 0);
  });
  readonly retried = output<void>();
  protected readonly icon = mdiAlertCircleOutline;
  protected readonly whenToRetry = whenToRetry;
}
