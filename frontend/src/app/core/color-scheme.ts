import { effect, Injectable, signal } from '@angular/core';

const NAME = 'sightglass.color-scheme';
const CHOICES = ['auto', 'light', 'dark'] as const;
export type Scheme = (typeof CHOICES)[number];

/** Light, dark, or as the device says. */
@Injectable({ providedIn: 'root' })
export class ColorScheme {
  readonly chosen = signal<Scheme>(stored());

  constructor() {
    effect(() => {
      const scheme = this.chosen();
      document.documentElement.dataset['scheme'] = scheme;
      localStorage.setItem(NAME, scheme);
    });
  }

  next(): void {
    this.chosen.update((scheme) => CHOICES[(CHOICES.indexOf(scheme) + 1) % CHOICES.length]);
  }
}

function stored(): Scheme {
  const found = localStorage.getItem(NAME) as Scheme | null;
  return found && CHOICES.includes(found) ? found : 'auto';
}
