import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  resource,
  ViewEncapsulation,
} from '@angular/core';
import { Api } from '../../api/api';
import { showModelCard } from '../../api/fn/platform/show-model-card';
import { failureOf } from '../../core/failure';
import { ServerStatus } from '../../core/server-status';
import { PageState } from '../../shared/page-state';

/** What the makers of the model say of it. */
@Component({
  selector: 'sg-model-card',
  imports: [PageState],
  changeDetection: ChangeDetectionStrategy.OnPush,
  // What is set as HTML carries no scope, so these rules name their place themselves.
  encapsulation: ViewEncapsulation.None,
  template: `
    @if (card.hasValue()) {
      <!-- Angular's own sanitizer has the last word. -->
      <article class="model-card" [innerHTML]="card.value()"></article>
    } @else if (failure()?.code === 'no_model_card') {
      <p class="quiet">This model came without a card.</p>
    } @else {
      <sg-page-state [failure]="failure()" [loading]="card.isLoading()" (retry)="card.reload()" />
    }
  `,
  styleUrl: './model-card.scss',
})
export class ModelCard {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);

  protected readonly card = resource({
    params: () => this.server.returned(),
    loader: () => this.load(),
  });
  protected readonly failure = computed(() => {
    const error = this.card.error();
    return error ? failureOf(error) : null;
  });

  private async load(): Promise<string> {
    const [markdown, { cardHtml }] = await Promise.all([
      this.api.invoke(showModelCard),
      import('./card-html'),
    ]);
    return cardHtml(markdown as string);
  }
}
