import { ChangeDetectionStrategy, Component, computed, input, signal } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { ChartKind } from './chart-options';
import { ChartSeries, describeSeries, lastKnown } from './chart-series';
import { Plot } from './plot';

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });

/** Series over time: drawn, said in words, and as a table for those who would rather read. */
@Component({
  selector: 'sg-chart',
  imports: [MatButtonModule, Plot],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './chart.html',
  styleUrl: './chart.scss',
})
export class Chart {
  readonly heading = input.required<string>();
  /** `per second`, `milliseconds`; empty for shares. */
  readonly unit = input('');
  /** Seconds since 1970, oldest first. */
  readonly times = input.required<readonly number[]>();
  readonly series = input.required<readonly ChartSeries[]>();
  readonly kind = input<ChartKind>('lines');
  /** A value with its unit. */
  readonly format = input.required<(value: number) => string>();
  readonly top = input<number | null>(null);
  /** Charts of one key share the moment under the pointer. */
  readonly syncKey = input('sightglass');

  protected readonly asTable = signal(false);
  protected readonly step = signal<number | null>(null);
  protected readonly isKnown = computed(() =>
    this.series().some((one) => lastKnown(one.values) !== null),
  );
  protected readonly description = computed(() => {
    const said = describeSeries(this.series(), this.format());
    return `${this.heading()}. ${said || 'Nothing is known yet'}`;
  });
  protected readonly moment = computed(() => {
    const seconds = this.times()[this.step() ?? -1];
    return seconds === undefined ? 'last known' : TIME.format(seconds * 1000);
  });
  protected readonly rows = computed(() =>
    this.times()
      .map((seconds, step) => ({
        time: TIME.format(seconds * 1000),
        values: this.series().map((one) => this.valueText(one.values[step])),
      }))
      .reverse(),
  );

  /** The value under the pointer; away from it the last one that is known. */
  protected legendText(one: ChartSeries): string {
    const step = this.step();
    return this.valueText(step === null ? lastKnown(one.values) : one.values[step]);
  }

  private valueText(value: number | null | undefined): string {
    return value === null || value === undefined ? '–' : this.format()(value);
  }
}
