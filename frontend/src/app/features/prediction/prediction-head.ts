import { Clipboard } from '@angular/cdk/clipboard';
import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiAlertCircle, mdiClockAlert, mdiDownload, mdiLink } from '@mdi/js';
import { PredictionRecord } from '../../api/models/prediction-record';
import { formatAge, formatTime } from '../../shared/format';
import { Icon } from '../../shared/icon';
import { downloadJson } from '../../shared/download';

const COPIED_MS = 1_500;

/** The name of the prediction, what can be taken away of it, and whether it failed. */
@Component({
  selector: 'sg-prediction-head',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './prediction-head.html',
  styleUrl: './prediction-head.scss',
})
export class PredictionHead {
  readonly record = input.required<PredictionRecord>();
  /** Milliseconds since 1970. */
  readonly now = input.required<number>();

  protected readonly icons = {
    download: mdiDownload,
    link: mdiLink,
    failed: mdiAlertCircle,
    timedOut: mdiClockAlert,
  };
  protected readonly time = formatTime;
  protected readonly linkCopied = signal(false);
  protected readonly age = computed(() => {
    const time = this.record().created_at;
    return formatAge(time, Math.max(this.now(), Date.parse(time)));
  });

  private readonly clipboard = inject(Clipboard);

  protected download(): void {
    downloadJson(this.record(), `prediction-${this.record().id}.json`);
  }

  protected copyLink(): void {
    if (!this.clipboard.copy(location.href)) return;
    this.linkCopied.set(true);
    setTimeout(() => this.linkCopied.set(false), COPIED_MS);
  }
}
