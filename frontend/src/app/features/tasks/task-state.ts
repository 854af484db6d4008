import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import {
  mdiAlertCircleOutline,
  mdiCancel,
  mdiCheckCircleOutline,
  mdiClockOutline,
  mdiProgressClock,
} from '@mdi/js';
import { TaskStatus } from '../../api/models/task-status';
import { Icon } from '../../shared/icon';

const ICONS: Readonly<Record<TaskStatus, string>> = {
  queued: mdiClockOutline,
  processing: mdiProgressClock,
  completed: mdiCheckCircleOutline,
  failed: mdiAlertCircleOutline,
  cancelled: mdiCancel,
};

/** The state of a task as icon and word. */
@Component({
  selector: 'sg-task-state',
  imports: [Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[attr.data-status]': 'status()' },
  template: `<sg-icon [path]="icons[status()]" /> {{ status() }}`,
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      white-space: nowrap;
    }

    :host([data-status='completed']) sg-icon {
      color: var(--sg-good);
    }

    :host([data-status='failed']) {
      color: var(--sg-bad);
    }

    :host([data-status='processing']) sg-icon {
      color: var(--mat-sys-primary);
    }

    :host([data-status='queued']) sg-icon {
      color: var(--sg-warn);
    }
  `,
})
export class TaskState {
  readonly status = input.required<TaskStatus>();
  protected readonly icons = ICONS;
}
