import { Injectable, signal } from '@angular/core';
import { VerdictValue } from '../../api/models/verdict-value';

const NAME = 'sightglass.verdict-keys';
const KEYS: Readonly<Record<string, VerdictValue>> = { r: 'right', w: 'wrong' };

/**
 * The keys of the verdict, and whether they are on: who speaks to the browser must be able to
 * turn keys of one letter off (WCAG 2.1.4).
 */
@Injectable({ providedIn: 'root' })
export class VerdictKeys {
  private readonly enabled = signal(localStorage.getItem(NAME) !== 'off');

  readonly on = this.enabled.asReadonly();

  toggle(): void {
    this.enabled.update((on) => !on);
    localStorage.setItem(NAME, this.on() ? 'on' : 'off');
  }

  /** The verdict that a key stands for; null when it is typed into a field, or means another thing. */
  verdictOf(event: KeyboardEvent): VerdictValue | null {
    const other = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    if (!this.on() || other || event.defaultPrevented || isTyped(event.target)) return null;
    return KEYS[event.key.toLowerCase()] ?? null;
  }
}

function isTyped(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, dialog') !== null;
}
