import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { mdiAlertCircleOutline, mdiAlertOutline, mdiCheckCircleOutline } from '@mdi/js';
import { Icon } from '../../shared/icon';
import { formatAge } from '../../shared/format';
import { Tile, TileLevel } from './activity-tiles';

const ICONS: Readonly<Record<TileLevel, string>> = {
  fine: mdiCheckCircleOutline,
  raised: mdiAlertOutline,
  high: mdiAlertCircleOutline,
};

/** One number, with a word on whether it is as it should be. */
@Component({
  selector: 'sg-activity-tile',
  imports: [Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'card', '[attr.data-level]': 'tile().level' },
  template: `
    <h3>{{ tile().name }}</h3>
    <p class="value number">{{ tile().value }}</p>
    <p class="level" [class.quiet]="!tile().level">
      @if (tile().level; as level) {
        <sg-icon [path]="icons[level]" />
      }
      <span>{{ tile().about }}</span>
      @if (age(); as text) {
        <span class="quiet">· {{ text }}</span>
      }
    </p>
  `,
  styles: `
    :host {
      display: grid;
      gap: 4px;
      min-width: 0;
      padding: 12px 16px;
    }

    h3 {
      margin: 0;
      color: var(--sg-quiet);
      font: var(--mat-sys-label-large);
    }

    p {
      margin: 0;
    }

    .value {
      font: var(--mat-sys-headline-small);
    }

    .level {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px;
      font: var(--mat-sys-body-small);
    }

    .level span {
      white-space: nowrap;
    }

    :host([data-level='fine']) sg-icon {
      color: var(--sg-good);
    }

    :host([data-level='raised']) .level {
      color: var(--sg-warn);
    }

    :host([data-level='high']) {
      border-color: var(--sg-bad);
    }

    :host([data-level='high']) .level {
      color: var(--sg-bad);
    }
  `,
})
export class ActivityTile {
  readonly tile = input.required<Tile>();
  /** The newest step and its length, in seconds: what is older than two steps says its age. */
  readonly newest = input.required<number>();
  readonly stepSeconds = input.required<number>();

  protected readonly icons = ICONS;
  protected readonly age = computed(() => {
    const at = this.tile().at;
    if (at === null || this.newest() - at <= 2 * this.stepSeconds()) return '';
    return formatAge(new Date(at * 1000).toISOString(), this.newest() * 1000);
  });
}
