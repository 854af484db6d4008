import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { MatProgressBarModule } from '@angular/material/progress-bar';
import { RouterLink } from '@angular/router';
import { isOpen, Photo } from './photo';

/** How far the images are that go through the queue. */
@Component({
  selector: 'sg-batch-progress',
  imports: [MatButtonModule, MatProgressBarModule, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card" aria-label="Progress of the queue">
      <div class="line">
        <p role="status">
          <strong class="number">{{ counts().done }} of {{ photos().length }}</strong> done
          @for (part of parts(); track part.name) {
            <span class="quiet"> · </span>
            <span class="number" [class.bad]="part.name === 'failed'"
              >{{ part.count }} {{ part.name }}</span
            >
          }
        </p>
        <a routerLink="/tasks">All tasks</a>
        @if (hasOpen()) {
          <button mat-button type="button" (click)="cancelled.emit()">Cancel all</button>
        }
      </div>
      <mat-progress-bar [value]="percent()" aria-label="Images that are finished" />
      @if (note()) {
        <p class="quiet" role="status">{{ note() }}</p>
      }
    </section>
  `,
  styles: `
    .card {
      padding: 8px 16px 12px;
    }

    .line {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0 16px;
      min-height: 40px;
    }

    p {
      margin: 0;
    }

    .line p {
      flex: 1 1 auto;
    }

    .bad {
      color: var(--sg-bad);
    }

    mat-progress-bar + p {
      margin-top: 8px;
    }
  `,
})
export class BatchProgress {
  readonly photos = input.required<readonly Photo[]>();
  readonly cancelled = output<void>();

  protected readonly counts = computed(() => {
    const states = this.photos().map(({ state }) => state);
    const count = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
    return {
      done: count('done'),
      uploading: count('waiting', 'sending'),
      queued: count('queued'),
      running: count('running'),
      failed: count('failed'),
      cancelled: count('cancelled'),
    };
  });
  protected readonly parts = computed(() => {
    const { uploading, queued, running, failed, cancelled } = this.counts();
    return [
      { name: 'to upload', count: uploading },
      { name: 'queued', count: queued },
      { name: 'running', count: running },
      { name: 'failed', count: failed },
      { name: 'cancelled', count: cancelled },
    ].filter(({ count }) => count > 0);
  });
  protected readonly hasOpen = computed(() => this.photos().some(isOpen));
  protected readonly percent = computed(() => {
    const open = this.photos().filter(isOpen).length;
    return (1 - open / Math.max(this.photos().length, 1)) * 100;
  });
  protected readonly note = computed(() => this.photos().find(({ note }) => note)?.note ?? '');
}
