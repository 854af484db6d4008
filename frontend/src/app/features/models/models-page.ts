import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  resource,
  signal,
} from '@angular/core';
import { Api } from '../../api/api';
import { showModel } from '../../api/fn/platform/show-model';
import { failureOf } from '../../core/failure';
import { ServerStatus } from '../../core/server-status';
import { PageState } from '../../shared/page-state';
import { ModelCard } from './model-card';
import { ServedModel } from './served-model';
import { VersionsSection } from './versions-section';

/** `/models`: what is served now, and how each version has done. */
@Component({
  selector: 'sg-models-page',
  imports: [ModelCard, PageState, ServedModel, VersionsSection],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  template: `
    <div class="page-head"><h1>Models</h1></div>
    <section class="card" aria-labelledby="served-title">
      <h2 id="served-title">Served now</h2>
      @if (model.hasValue()) {
        <sg-served-model [model]="model.value()" />
      } @else {
        <sg-page-state
          [failure]="failure()"
          [loading]="model.isLoading()"
          (retry)="model.reload()"
        />
      }
      <details (toggle)="cardWanted.set(true)">
        <summary>Model card</summary>
        @if (cardWanted()) {
          <sg-model-card />
        }
      </details>
    </section>
    <sg-versions-section [served]="model.hasValue() ? model.value() : null" />
  `,
  styles: `
    details {
      margin-top: 16px;
      padding-top: 12px;
      border-top: 1px solid var(--sg-line);
    }

    summary {
      width: fit-content;
      margin-bottom: 12px;
      cursor: pointer;
      font: var(--mat-sys-title-small);
    }
  `,
})
export class ModelsPage {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);

  /** Asked for only when it is opened: most who come here do not read it. */
  protected readonly cardWanted = signal(false);
  protected readonly model = resource({
    params: () => this.server.returned(),
    loader: () => this.api.invoke(showModel),
  });
  protected readonly failure = computed(() => {
    const error = this.model.error();
    return error ? failureOf(error) : null;
  });
}
