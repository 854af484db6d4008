import { Clipboard } from '@angular/cdk/clipboard';
import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiCheck, mdiContentCopy } from '@mdi/js';
import { Icon } from './icon';

const SHOWN_MS = 2_000;

/** Copies a text; also over plain HTTP, where the browser's own clipboard refuses. */
@Component({
  selector: 'sg-copy-button',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <button mat-icon-button type="button" [attr.aria-label]="label()" (click)="copy()">
      <sg-icon [path]="copied() ? doneIcon : copyIcon" />
    </button>
    <span class="visually-hidden" role="status">{{ copied() ? 'Copied' : '' }}</span>
  `,
  styles: `
    :host {
      position: relative;
      display: inline-block;
    }

    sg-icon {
      font-size: 16px;
    }
  `,
})
export class CopyButton {
  readonly text = input.required<string>();
  readonly label = input('Copy');

  protected readonly copied = signal(false);
  protected readonly copyIcon = mdiContentCopy;
  protected readonly doneIcon = mdiCheck;
  private readonly clipboard = inject(Clipboard);

  protected copy(): void {
    if (!this.clipboard.copy(this.text())) return;
    this.copied.set(true);
    setTimeout(() => this.copied.set(false), SHOWN_MS);
  }
}
