import { Clipboard } from '@angular/cdk/clipboard';
import { ChangeDetectionStrategy, Component, inject, input, output, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { mdiCheck, mdiCodeJson, mdiConsole, mdiHistory, mdiImageOutline } from '@mdi/js';
import { PredictionAnswer } from '../../api/models/prediction-answer';
import { Icon } from '../../shared/icon';
import { StageBar } from './stage-bar';

const COPIED_MS = 2_000;

/** Where an answer came from, what it took, and how to take it along. */
@Component({
  selector: 'sg-answer-facts',
  imports: [Icon, MatButtonModule, RouterLink, StageBar],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './answer-facts.html',
  styleUrl: './answer-facts.scss',
})
export class AnswerFacts {
  readonly answer = input.required<PredictionAnswer>();
  /** The command that asks for what is visible now. */
  readonly curl = input.required<string>();
  /** Why the annotated picture could not be made; empty when nothing went wrong. */
  readonly problem = input('');
  readonly pictureWanted = output<void>();
  readonly jsonWanted = output<void>();

  protected readonly copied = signal(false);
  protected readonly icons = {
    picture: mdiImageOutline,
    json: mdiCodeJson,
    curl: mdiConsole,
    done: mdiCheck,
    record: mdiHistory,
  };
  private readonly clipboard = inject(Clipboard);

  protected copyCurl(): void {
    if (!this.clipboard.copy(this.curl())) return;
    this.copied.set(true);
    setTimeout(() => this.copied.set(false), COPIED_MS);
  }
}
