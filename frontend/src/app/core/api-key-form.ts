import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { ApiKey } from './api-key';
import { ServerStatus } from './server-status';

/** Asks for the key that the server wants; the page below loads anew once it is given. */
@Component({
  selector: 'sg-api-key-form',
  imports: [MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="use($event)">
      <p id="why">This server wants an API key.</p>
      <input
        type="password"
        name="key"
        autocomplete="off"
        required
        aria-label="API key"
        aria-describedby="why"
        [value]="typed()"
        (input)="typed.set($any($event.target).value)"
      />
      <label>
        <input
          type="checkbox"
          [checked]="remember()"
          (change)="remember.set($any($event.target).checked)"
        />
        Remember on this device
      </label>
      <button mat-flat-button type="submit">Use this key</button>
    </form>
  `,
  styles: `
    form {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px 16px;
      padding: 12px 24px;
      border-bottom: 1px solid var(--sg-line);
      background: var(--mat-sys-surface-container-high);
    }

    p {
      margin: 0;
    }

    input[type='password'] {
      flex: 0 1 24em;
      padding: 8px 12px;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 6px;
      background: var(--mat-sys-surface);
      color: inherit;
      font: inherit;
    }
  `,
})
export class ApiKeyForm {
  protected readonly typed = signal('');
  protected readonly remember = signal(false);
  private readonly key = inject(ApiKey);
  private readonly server = inject(ServerStatus);

  protected use(event: Event): void {
    event.preventDefault();
    const value = this.typed().trim();
    if (!value) return;
    this.key.use(value, this.remember());
    this.server.keyChanged();
  }
}
