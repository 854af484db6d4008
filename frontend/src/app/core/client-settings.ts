import { inject, Injectable, resource } from '@angular/core';
import { Api } from '../api/api';
import { showClientConfig } from '../api/fn/platform/show-client-config';
import { ServerStatus } from './server-status';

/** Limits and addresses of this server, asked once and again when it comes back. */
@Injectable({ providedIn: 'root' })
export class ClientSettings {
  private readonly api = inject(Api);
  private readonly server = inject(ServerStatus);
  private readonly loaded = resource({
    params: () => this.server.returned(),
    loader: () => this.api.invoke(showClientConfig),
  });

  /** Undefined until the server has told. */
  readonly value = () => (this.loaded.hasValue() ? this.loaded.value() : undefined);
}
