import { ChangeDetectionStrategy, Component, computed, inject, input, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiCheck, mdiClose } from '@mdi/js';
import { VerdictValue } from '../../api/models/verdict-value';
import { formatAge, formatTime } from '../../shared/format';
import { FailureNote } from '../../shared/failure-note';
import { Icon } from '../../shared/icon';
import { VerdictKeys } from './verdict-keys';
import { VerdictStore } from './verdict-store';

/** Right or wrong, and a note. What would lose boxes is asked about by the page first. */
@Component({
  selector: 'sg-verdict-panel',
  imports: [FailureNote, Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './verdict-panel.html',
  styleUrl: './verdict-panel.scss',
})
export class VerdictPanel {
  /** Milliseconds since 1970. */
  readonly now = input.required<number>();
  /** Whether boxes can be drawn on this prediction. */
  readonly correctable = input(false);
  readonly said = output<VerdictValue>();
  readonly takenBack = output<void>();
  readonly correcting = output<void>();

  protected readonly verdicts = inject(VerdictStore);
  protected readonly keys = inject(VerdictKeys);
  protected readonly time = formatTime;
  protected readonly choices = [
    { value: 'right', name: 'Right', icon: mdiCheck },
    { value: 'wrong', name: 'Wrong', icon: mdiClose },
  ] as const;
  protected readonly saidText = computed(() => {
    const saved = this.verdicts.saved();
    if (!saved) return '';
    const age = formatAge(saved.updated_at, Math.max(this.now(), Date.parse(saved.updated_at)));
    const count = saved.objects?.length;
    const boxes = count === 1 ? '1 corrected box' : `${count} corrected boxes`;
    return `Said to be ${saved.verdict} ${age}${count === undefined ? '' : `, with ${boxes}`}.`;
  });
}
