import { computed, Injectable, signal } from '@angular/core';

const NAME = 'sightglass.api-key';

/** The key that requests carry. Kept for this tab, or on this device when the person says so. */
@Injectable({ providedIn: 'root' })
export class ApiKey {
  private readonly stored = signal(sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME));
  private readonly refused = signal(false);

  readonly value = this.stored.asReadonly();
  /** True once the server has asked for a key, or did not take ours, until one is given. */
  readonly wanted = this.refused.asReadonly();
  readonly isSet = computed(() => this.stored() !== null);
  /** The part of the key that is no secret, as `sightglass keys list` shows it. */
  readonly id = computed(() => /^sg_([a-z0-9]{8})_/.exec(this.stored() ?? '')?.[1] ?? '');

  use(key: string, remember: boolean): void {
    this.forget();
    (remember ? localStorage : sessionStorage).setItem(NAME, key);
    this.stored.set(key);
    this.refused.set(false);
  }

  forget(): void {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
    this.stored.set(null);
  }

  /** The server answered 401. */
  refuse(): void {
    this.refused.set(true);
  }
}
