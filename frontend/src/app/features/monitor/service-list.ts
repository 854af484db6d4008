import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { mdiAlertCircleOutline, mdiCheckCircleOutline, mdiHelpCircleOutline } from '@mdi/js';
import { ServiceAnswer } from '../../api/models/service-answer';
import { ServerStatus } from '../../core/server-status';
import { formatMilliseconds } from '../../shared/format';
import { Icon } from '../../shared/icon';

const ICONS: Readonly<Record<ServiceAnswer['status'], string>> = {
  up: mdiCheckCircleOutline,
  down: mdiAlertCircleOutline,
  unknown: mdiHelpCircleOutline,
};

/** The services behind the server, as it last told of them. */
@Component({
  selector: 'sg-service-list',
  imports: [Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (services(); as found) {
      <ul>
        @for (service of found; track service.name) {
          <li [attr.data-status]="service.status">
            <span class="name">{{ service.name }}</span>
            <span class="status"> <sg-icon [path]="service.icon" /> {{ service.status }} </span>
            <span class="quiet number">{{ service.time }}</span>
            @if (service.detail) {
              <span class="detail">{{ service.detail }}</span>
            }
          </li>
        }
      </ul>
    } @else {
      <p class="quiet">
        {{ server.isAway() ? 'The server does not answer, so nothing is known.' : 'Asking …' }}
      </p>
    }
  `,
  styles: `
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }

    li {
      display: grid;
      grid-template-columns: 1fr 96px 64px;
      gap: 0 8px;
      padding: 8px 0;
      border-bottom: 1px solid var(--sg-line);
    }

    li:last-child {
      border-bottom: 0;
    }

    .status sg-icon {
      color: var(--sg-good);
    }

    [data-status='down'] .status,
    [data-status='down'] sg-icon {
      color: var(--sg-bad);
    }

    [data-status='unknown'] sg-icon {
      color: var(--sg-warn);
    }

    .number {
      text-align: right;
    }

    .detail {
      grid-column: 1 / -1;
      overflow-wrap: anywhere;
    }

    p {
      margin: 0;
    }
  `,
})
export class ServiceList {
  protected readonly server = inject(ServerStatus);
  protected readonly services = computed(() => {
    const health = this.server.health();
    if (!health) return null;
    return Object.entries(health.services).map(([name, service]) => ({
      name,
      status: service.status,
      icon: ICONS[service.status],
      detail: service.detail,
      time: typeof service.ms === 'number' ? formatMilliseconds(service.ms) : '',
    }));
  });
}
