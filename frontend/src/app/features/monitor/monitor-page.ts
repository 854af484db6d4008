import {
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  inject,
  input,
  resource,
  untracked,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { mdiOpenInNew, mdiPause, mdiPlay } from '@mdi/js';
import { Api } from '../../api/api';
import { showModel } from '../../api/fn/platform/show-model';
import { ClientSettings } from '../../core/client-settings';
import { ServerStatus } from '../../core/server-status';
import { Chart } from '../../shared/chart/chart';
import { lastKnown } from '../../shared/chart/chart-series';
import { FailureNote } from '../../shared/failure-note';
import { Icon } from '../../shared/icon';
import { PageState } from '../../shared/page-state';
import { activityCharts } from './activity-charts';
import { minutesOf, RANGES } from './activity-range';
import { ActivityStore } from './activity-store';
import { activityTiles } from './activity-tiles';
import { ActivityTile } from './activity-tile';
import { ConfidenceBars } from './confidence-bars';
import { platformLinks } from './platform-links';
import { ServiceList } from './service-list';

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** `/monitor`: how the platform does now and did in the last minutes or hours. */
@Component({
  selector: 'sg-monitor-page',
  imports: [
    ActivityTile,
    Chart,
    ConfidenceBars,
    FailureNote,
    Icon,
    MatButtonModule,
    PageState,
    RouterLink,
    ServiceList,
  ],
  providers: [ActivityStore],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  templateUrl: './monitor-page.html',
  styleUrl: './monitor-page.scss',
})
export class MonitorPage {
  /** Of the address: how far back to look. */
  readonly minutes = input<string>();

  protected readonly ranges = RANGES;
  protected readonly pauseIcon = mdiPause;
  protected readonly playIcon = mdiPlay;
  protected readonly linkIcon = mdiOpenInNew;
  protected readonly store = inject(ActivityStore);
  private readonly settings = inject(ClientSettings);
  private readonly server = inject(ServerStatus);
  private readonly api = inject(Api);

  protected readonly chosen = computed(() => minutesOf(this.minutes()));
  /** Only for the colours of its classes: without it they have others. */
  private readonly model = resource({
    params: () => this.server.returned(),
    loader: () => this.api.invoke(showModel),
  });
  private readonly classes = computed(() =>
    this.model.hasValue() ? this.model.value().classes : [],
  );
  protected readonly namesImages = computed(
    () => this.model.hasValue() && this.model.value().task === 'classify',
  );
  protected readonly tiles = computed(() => {
    const activity = this.store.activity();
    return activity ? activityTiles(activity) : [];
  });
  protected readonly charts = computed(() => {
    const activity = this.store.activity();
    return activity ? activityCharts(activity, this.classes(), this.namesImages()) : [];
  });
  /** Not one step of one series is known: one sentence says so, instead of nine empty charts. */
  protected readonly isQuiet = computed(() =>
    this.charts().every((chart) => chart.series.every((one) => lastKnown(one.values) === null)),
  );
  protected readonly updated = computed(() => {
    const at = this.store.updatedAt();
    return at === null ? '' : TIME.format(at);
  });
  protected readonly links = computed(() => {
    const links = this.settings.value()?.links;
    return links ? platformLinks(links, document.baseURI) : [];
  });

  constructor() {
    effect(() => {
      const minutes = this.chosen();
      untracked(() => this.store.choose(minutes));
    });
  }
}
