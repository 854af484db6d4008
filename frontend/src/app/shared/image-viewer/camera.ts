import { computed, linkedSignal, signal } from '@angular/core';
import { BoxAnswer } from '../../api/models/box-answer';
import { ImageSize } from '../../api/models/image-size';
import { clamped, fitted, Point, revealing, toPicture, Viewport, zoomed } from './viewport';

// One notch of a wheel, usually 100 pixels, is a step of 16 %.
const WHEEL_BASE = 1.0015;
const WHEEL_LINE_PIXELS = 30;
// A pinch on a touch pad comes as a wheel with ctrl and very small steps.
const PINCH_GAIN = 6;
const LONGEST_WHEEL_PIXELS = 200;

/** Which part of the picture is seen, at what scale; points in CSS pixels of the frame. */
export class Camera {
  readonly frame = signal<ImageSize>({ width: 0, height: 0 });
  /** Device pixels in one CSS pixel. */
  readonly ratio = signal(1);
  readonly viewport = computed(() => {
    const chosen = this.chosen();
    return chosen ? clamped(chosen, this.size(), this.frame()) : fitted(this.size(), this.frame());
  });
  readonly isFitted = computed(() => this.chosen() === null);
  readonly percent = computed(() => Math.round(this.viewport().scale * this.ratio() * 100));

  // Null: the whole picture, also when the frame changes. Each picture begins so.
  private readonly chosen = linkedSignal<string, Viewport | null>({
    source: () => `${this.size().width}x${this.size().height}`,
    computation: () => null,
  });

  constructor(private readonly size: () => ImageSize) {}

  /** The whole picture, as large as there is room. */
  fit(): void {
    this.chosen.set(null);
  }

  /** One picture pixel on one pixel of the screen. */
  showActualSize(): void {
    this.zoom(1 / this.ratio() / this.viewport().scale);
  }

  /** Larger by `factor` around a point, or around the middle. */
  zoom(factor: number, at: Point = this.middle()): void {
    this.chosen.set(zoomed(this.viewport(), at, factor, this.size(), this.frame()));
  }

  /** False when the end of the zoom was reached before. */
  turnWheel(event: WheelEvent, at: Point): boolean {
    const before = this.viewport().scale;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE_PIXELS;
    const pixels = event.deltaY * unit * (event.ctrlKey ? PINCH_GAIN : 1);
    const limited = Math.max(-LONGEST_WHEEL_PIXELS, Math.min(LONGEST_WHEEL_PIXELS, pixels));
    this.zoom(WHEEL_BASE ** -limited, at);
    return this.viewport().scale !== before;
  }

  pan(dx: number, dy: number): void {
    const { scale, x, y } = this.viewport();
    this.chosen.set(clamped({ scale, x: x + dx, y: y + dy }, this.size(), this.frame()));
  }

  /** Brings a box into sight when a part of the picture is not. */
  reveal(box: BoxAnswer): void {
    if (this.isFitted()) return;
    this.chosen.set(revealing(this.viewport(), box, this.size(), this.frame()));
  }

  toPicture(point: Point): Point {
    return toPicture(this.viewport(), point);
  }

  private middle(): Point {
    return { x: this.frame().width / 2, y: this.frame().height / 2 };
  }
}
