import { inject, Injectable, resource } from '@angular/core';
import { Api } from '../api/api';
import { showModel } from '../api/fn/platform/show-model';
import { ModelInfoAnswer } from '../api/models/model-info-answer';
import { ServerStatus } from './server-status';

/** The served model, for its threshold and the order, the colours and the choice of classes. */
@Injectable({ providedIn: 'root' })
export class ServedModel {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);
  private readonly loaded = resource({
    params: () => this.server.returned(),
    loader: () => this.api.invoke(showModel),
  });

  /** Undefined until it is known; the pages do without it. */
  value(): ModelInfoAnswer | undefined {
    return this.loaded.hasValue() ? this.loaded.value() : undefined;
  }

  classes(): readonly string[] {
    return this.value()?.classes ?? [];
  }
}
