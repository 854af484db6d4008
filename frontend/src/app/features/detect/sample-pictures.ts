import { ChangeDetectionStrategy, Component, output, signal } from '@angular/core';

interface Sample {
  readonly path: string;
  readonly name: string;
}

const SAMPLES: readonly Sample[] = [
  { path: 'samples/crossing.jpg', name: 'Crossing' },
  { path: 'samples/highway.jpg', name: 'Highway' },
  { path: 'samples/bus-stop.jpg', name: 'Bus stop' },
  { path: 'samples/dusk.jpg', name: 'Dusk' },
];

/** Pictures that come with the page, to try at once. */
@Component({
  selector: 'sg-sample-pictures',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2>Or try a sample</h2>
    <ul>
      @for (sample of samples(); track sample.path) {
        <li>
          <button type="button" (click)="fetchSample(sample)">
            <img [src]="sample.path" alt="" width="160" height="100" (error)="leaveOut(sample)" />
            {{ sample.name }}
          </button>
        </li>
      }
    </ul>
    <p role="status">{{ problem() }}</p>
  `,
  styles: `
    h2 {
      margin: 0 0 12px;
      font: var(--mat-sys-title-small);
    }

    ul {
      display: flex;
      flex-wrap: wrap;
      justify-content: center;
      gap: 12px;
      margin: 0;
      padding: 0;
      list-style: none;
    }

    button {
      display: grid;
      gap: 6px;
      padding: 6px;
      border: 1px solid var(--sg-line);
      border-radius: var(--sg-radius);
      background: var(--mat-sys-surface);
      color: inherit;
      font: var(--mat-sys-label-large);
      cursor: pointer;

      &:hover {
        border-color: var(--mat-sys-primary);
        background: var(--mat-sys-surface-container);
      }
    }

    p {
      min-height: 1.5em;
      margin: 12px 0 0;
      color: var(--sg-bad);
    }

    img {
      border-radius: 8px;
      object-fit: cover;
    }

    @media (max-width: 480px) {
      ul {
        display: grid;
        grid-template-columns: 1fr 1fr;
      }

      button,
      img {
        width: 100%;
      }
    }
  `,
})
export class SamplePictures {
  readonly picked = output<File[]>();
  protected readonly samples = signal(SAMPLES);
  protected readonly problem = signal('');

  protected async fetchSample({ path, name }: Sample): Promise<void> {
    this.problem.set('');
    try {
      const answer = await fetch(path);
      if (!answer.ok) throw new Error(answer.statusText);
      const file = path.split('/').pop() ?? path;
      this.picked.emit([new File([await answer.blob()], file, { type: 'image/jpeg' })]);
    } catch {
      this.problem.set(`${name} could not be loaded. Is the server there?`);
    }
  }

  protected leaveOut(missing: Sample): void {
    this.samples.update((samples) => samples.filter((sample) => sample !== missing));
  }
}
