import { ChangeDetectionStrategy, Component, ElementRef, signal, viewChild } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';

/** A question before something is lost. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button that goes on says. */
  readonly confirm: string;
}

/** The browser's own modal dialog: it keeps the focus, and Escape says no. */
@Component({
  selector: 'sg-confirm-dialog',
  imports: [MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <dialog #dialog aria-labelledby="confirm-title" (close)="answer()">
      @if (question(); as asked) {
        <h2 id="confirm-title">{{ asked.title }}</h2>
        <p>{{ asked.text }}</p>
        <form method="dialog">
          <button mat-button value="no">Cancel</button>
          <button mat-flat-button value="yes">{{ asked.confirm }}</button>
        </form>
      }
    </dialog>
  `,
  styles: `
    dialog {
      max-width: min(440px, calc(100vw - 64px));
      padding: 24px;
      border: 0;
      border-radius: 20px;
      background: var(--mat-sys-surface-container-high);
      color: var(--mat-sys-on-surface);
    }

    dialog::backdrop {
      background: rgb(0 0 0 / 45%);
    }

    h2 {
      margin: 0 0 12px;
      font: var(--mat-sys-title-large);
    }

    p {
      margin: 0 0 24px;
    }

    form {
      display: flex;
      justify-content: end;
      gap: 8px;
    }
  `,
})
export class ConfirmDialog {
  protected readonly question = signal<Question | null>(null);
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');
  private resolve: (yes: boolean) => void = () => undefined;

  /** Resolves to whether the person wants to go on. */
  ask(question: Question): Promise<boolean> {
    this.resolve(false);
    this.question.set(question);
    const dialog = this.dialog().nativeElement;
    dialog.returnValue = '';
    if (!dialog.open) dialog.showModal();
    return new Promise((resolve) => (this.resolve = resolve));
  }

  protected answer(): void {
    this.resolve(this.dialog().nativeElement.returnValue === 'yes');
  }
}
