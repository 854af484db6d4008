import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import {
  mdiChartLine,
  mdiCubeOutline,
  mdiHistory,
  mdiImageSearchOutline,
  mdiKeyOutline,
  mdiCircleHalfFull,
  mdiTrayFull,
  mdiWeatherNight,
  mdiWhiteBalanceSunny,
} from '@mdi/js';
import { ApiKey } from './core/api-key';
import { ApiKeyForm } from './core/api-key-form';
import { ClientSettings } from './core/client-settings';
import { ColorScheme } from './core/color-scheme';
import { ServerStatus } from './core/server-status';
import { formatVersion } from './shared/format';
import { Icon } from './shared/icon';

const SCHEME_ICONS = {
  auto: mdiCircleHalfFull,
  light: mdiWhiteBalanceSunny,
  dark: mdiWeatherNight,
};

/** The frame around every page: navigation, the server's state, the key and the colours. */
@Component({
  selector: 'sg-root',
  imports: [ApiKeyForm, Icon, MatButtonModule, RouterLink, RouterLinkActive, RouterOutlet],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './app.html',
  styleUrl: './app.scss',
})
export class App {
  protected readonly pages = [
    { path: '/detect', name: 'Detect', icon: mdiImageSearchOutline },
    { path: '/tasks', name: 'Tasks', icon: mdiTrayFull },
    { path: '/history', name: 'History', icon: mdiHistory },
    { path: '/models', name: 'Models', icon: mdiCubeOutline },
    { path: '/monitor', name: 'Monitor', icon: mdiChartLine },
  ];
  protected readonly version = formatVersion;
  protected readonly keyIcon = mdiKeyOutline;
  protected readonly server = inject(ServerStatus);
  protected readonly key = inject(ApiKey);
  private readonly router = inject(Router);
  protected readonly scheme = inject(ColorScheme);
  protected readonly settings = inject(ClientSettings);
  protected readonly schemeIcon = computed(() => SCHEME_ICONS[this.scheme.chosen()]);
  /** The code of a page is on its way, as it is when it is first opened. */
  protected readonly isOpening = computed(() => this.router.currentNavigation() !== null);
  protected readonly model = computed(() => this.server.health()?.model_info ?? null);
  protected readonly forgetText = computed(() => `Forget the API key ${this.key.id()}`.trim());
  protected readonly statusText = computed(() => this.describe());

  constructor() {
    this.server.watch();
  }

  protected forgetKey(): void {
    this.key.forget();
    this.server.keyChanged();
  }

  private describe(): string {
    const down = Object.entries(this.server.health()?.services ?? {})
      .filter(([, service]) => service.status === 'down')
      .map(([name]) => name);
    const level = this.server.level();
    return down.length > 0 && level !== 'away' ? `${level}: ${down.join(', ')} down` : level;
  }
}
