import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { TaskAnswer } from '../../api/models/task-answer';
import { formatAge, formatTime } from '../../shared/format';
import { nameOf, shortId } from './task-commands';
import { formatDuration } from './task-duration';
import { isFinal, tookMilliseconds, waitedMilliseconds } from './task-list';
import { TaskState } from './task-state';

/** The tasks as rows; on a narrow screen as cards. */
@Component({
  selector: 'sg-task-table',
  imports: [MatButtonModule, RouterLink, TaskState],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './task-table.html',
  styleUrl: './task-table.scss',
})
export class TaskTable {
  readonly tasks = input.required<readonly TaskAnswer[]>();
  /** Milliseconds since 1970. */
  readonly now = input.required<number>();
  /** Ids of the tasks whose buttons wait for an answer. */
  readonly busy = input.required<ReadonlySet<string>>();
  readonly cancelTask = output<TaskAnswer>();
  readonly retryTask = output<TaskAnswer>();

  protected readonly rows = computed(() => this.tasks().map((task) => this.row(task, this.now())));

  private row(task: TaskAnswer, now: number) {
    const took = tookMilliseconds(task, now);
    const submitted = Date.parse(task.submitted_at);
    return {
      task,
      id: shortId(task),
      name: nameOf(task),
      // The server's clock may be ahead: nothing was submitted in the future.
      submitted: formatAge(task.submitted_at, Math.max(now, submitted)),
      submittedAt: formatTime(task.submitted_at),
      waited: formatDuration(waitedMilliseconds(task, now)),
      took: took === null ? '–' : formatDuration(took),
      percent: Math.round(task.progress * 100),
      canCancel: !isFinal(task.status),
      canRetry: task.status === 'failed' || task.status === 'cancelled',
    };
  }
}
