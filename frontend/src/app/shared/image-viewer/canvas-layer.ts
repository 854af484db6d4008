import { ImageSize } from '../../api/models/image-size';
import { Viewport } from './viewport';

/** A cleared canvas of the frame's size whose unit is one CSS pixel; null where it has none. */
export function clearedContext(
  canvas: HTMLCanvasElement,
  frame: ImageSize,
  ratio: number,
): CanvasRenderingContext2D | null {
  const context = canvas.getContext('2d');
  const width = Math.round(frame.width * ratio);
  const height = Math.round(frame.height * ratio);
  if (!context || width === 0 || height === 0) return null;
  // Setting a size, even the same, allocates anew.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  return context;
}

/** Behind what is transparent; the server puts the same behind it before it looks. */
export const BEHIND = '#ffffff';

// From here on single pixels are what one wants to see.
const SHARP_SCALE = 4;

export interface PictureScene {
  readonly picture: CanvasImageSource | null;
  readonly size: ImageSize;
  readonly frame: ImageSize;
  readonly viewport: Viewport;
}

/** The picture where the viewport says, or an empty ground of its size. */
export function drawPicture(
  context: CanvasRenderingContext2D,
  { picture, size, viewport }: PictureScene,
  ground: string,
): void {
  const { x, y, scale } = viewport;
  const width = size.width * scale;
  const height = size.height * scale;
  if (picture && !isClosed(picture)) {
    context.fillStyle = BEHIND;
    context.fillRect(x, y, width, height);
    context.imageSmoothingEnabled = scale < SHARP_SCALE;
    context.imageSmoothingQuality = 'medium';
    context.drawImage(picture, x, y, width, height);
    return;
  }
  context.fillStyle = ground;
  context.fillRect(x, y, width, height);
}

/** Its owner may free a bitmap just before the frame in which it would be drawn. */
function isClosed(picture: CanvasImageSource): boolean {
  return picture instanceof ImageBitmap && picture.width === 0;
}

/** Runs what was asked for last with the next frame, once. */
export class NextFrame {
  private pending = 0;
  private task: () => void = () => undefined;

  request(task: () => void): void {
    this.task = task;
    if (this.pending !== 0) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.task();
    });
  }

  cancel(): void {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
  }
}
