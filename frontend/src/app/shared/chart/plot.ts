import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  input,
  output,
  signal,
  ViewEncapsulation,
} from '@angular/core';
import type uPlot from 'uplot';
import { ColorScheme } from '../../core/color-scheme';
import { chartColumns, ChartKind, chartOptions } from './chart-options';
import { ChartSeries } from './chart-series';
import { resolvedColor } from './css-colors';

const HEIGHT = 180;

/** The canvas of a chart. What it shows is said in words by the chart around it. */
@Component({
  selector: 'sg-plot',
  changeDetection: ChangeDetectionStrategy.OnPush,
  // uPlot makes its elements by itself, so its rules can only reach them unscoped.
  encapsulation: ViewEncapsulation.None,
  host: { 'aria-hidden': 'true' },
  template: '',
  styleUrl: './plot.scss',
})
export class Plot {
  readonly times = input.required<readonly number[]>();
  readonly series = input.required<readonly ChartSeries[]>();
  readonly kind = input.required<ChartKind>();
  readonly format = input.required<(value: number) => string>();
  readonly top = input<number | null>(null);
  readonly syncKey = input.required<string>();
  /** The step under the pointer, here or in a chart of the same key. */
  readonly moved = output<number | null>();

  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly scheme = inject(ColorScheme);
  private readonly library = signal<typeof uPlot | null>(null);
  private readonly systemScheme = signal(0);
  private plot: uPlot | null = null;
  private look = '';

  constructor() {
    void import('uplot').then((module) => this.library.set(module.default));
    this.watchSystemScheme();
    this.watchWidth();
    effect(() => this.show());
  }

  private show(): void {
    const library = this.library();
    if (!library) return;
    const data = chartColumns(this.times(), this.series(), this.kind());
    const look = this.describeLook();
    if (this.plot && look === this.look) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.look = look;
    const options = chartOptions(this.lookOptions(), this.width(), HEIGHT);
    this.plot = new library(options, data, this.host);
  }

  /** Changes when more than the values did: then the plot is made anew. */
  private describeLook(): string {
    const series = this.series().map((one) => [one.name, one.color]);
    return JSON.stringify([series, this.kind(), this.scheme.chosen(), this.systemScheme()]);
  }

  private lookOptions() {
    return {
      kind: this.kind(),
      series: this.series(),
      color: (css: string) => resolvedColor(this.host, css),
      top: this.top(),
      format: this.format(),
      syncKey: this.syncKey(),
      moved: (step: number | null) => this.moved.emit(step),
    };
  }

  private width(): number {
    return Math.max(160, Math.floor(this.host.clientWidth));
  }

  private watchWidth(): void {
    const observer = new ResizeObserver(() =>
      this.plot?.setSize({ width: this.width(), height: HEIGHT }),
    );
    observer.observe(this.host);
    inject(DestroyRef).onDestroy(() => {
      observer.disconnect();
      this.plot?.destroy();
    });
  }

  private watchSystemScheme(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => this.systemScheme.update((count) => count + 1);
    dark.addEventListener('change', redraw);
    inject(DestroyRef).onDestroy(() => dark.removeEventListener('change', redraw));
  }
}
