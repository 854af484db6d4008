import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiAlertCircleOutline } from '@mdi/js';
import { Icon } from '../../shared/icon';
import { Photo } from './photo';

/** In place of a picture that was not analysed: never to be taken for one without objects. */
@Component({
  selector: 'sg-photo-failure',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @let photo = this.photo();
    @if (photo.failure; as failure) {
      <div class="failure" role="alert">
        <sg-icon [path]="icon" />
        <h2>{{ photo.file.name }} was not analysed</h2>
        <p>
          {{ failure.detail }}
        </p>
        <p>
          <span class="code">{{ failure.code }}</span>
          @if (failure.requestId) {
            · request <span class="code">{{ failure.requestId }}</span>
          }
        </p>
        @if (!photo.isRefused) {
          <button mat-flat-button type="button" (click)="retried.emit()">Try again</button>
        }
      </div>
    } @else {
      <div class="failure calm">
        <h2>{{ photo.file.name }} was cancelled</h2>
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
  readonly retried = output<void>();
  protected readonly icon = mdiAlertCircleOutline;
}
