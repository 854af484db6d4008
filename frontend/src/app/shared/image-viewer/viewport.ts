import { BoxAnswer } from '../../api/models/box-answer';
import { ImageSize } from '../../api/models/image-size';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the picture lies in the frame: its corner in CSS pixels, CSS pixels per picture pixel. */
export interface Viewport {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const WHOLE: Viewport = { scale: 1, x: 0, y: 0 };
const LARGEST_SCALE = 40;

/** The whole picture, as large as the frame allows, in its middle. */
export function fitted(size: ImageSize, frame: ImageSize): Viewport {
  return clamped({ scale: fittingScale(size, frame), x: 0, y: 0 }, size, frame);
}

/** No empty ground beside a picture that could fill it; a smaller one lies in the middle. */
export function clamped(viewport: Viewport, size: ImageSize, frame: ImageSize): Viewport {
  const scale = limitedScale(viewport.scale, size, frame);
  return {
    scale,
    x: clampedCorner(viewport.x, size.width * scale, frame.width),
    y: clampedCorner(viewport.y, size.height * scale, frame.height),
  };
}

/** Larger or smaller by `factor`, with the picture under `at` staying where it is. */
export function zoomed(
  viewport: Viewport,
  at: Point,
  factor: number,
  size: ImageSize,
  frame: ImageSize,
): Viewport {
  const scale = limitedScale(viewport.scale * factor, size, frame);
  const done = scale / viewport.scale;
  const x = at.x - (at.x - viewport.x) * done;
  const y = at.y - (at.y - viewport.y) * done;
  return clamped({ scale, x, y }, size, frame);
}

/** Moved so far that the middle of the box is in sight; the same viewport if it is already. */
export function revealing(
  viewport: Viewport,
  box: BoxAnswer,
  size: ImageSize,
  frame: ImageSize,
): Viewport {
  const middle = toScreen(viewport, { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 });
  const inSight =
    middle.x >= 0 && middle.y >= 0 && middle.x <= frame.width && middle.y <= frame.height;
  if (inSight) return viewport;
  const x = viewport.x + frame.width / 2 - middle.x;
  const y = viewport.y + frame.height / 2 - middle.y;
  return clamped({ scale: viewport.scale, x, y }, size, frame);
}

export function toScreen(viewport: Viewport, point: Point): Point {
  return {
    x: point.x * viewport.scale + viewport.x,
    y: point.y * viewport.scale + viewport.y,
  };
}

export function toPicture(viewport: Viewport, point: Point): Point {
  return {
    x: (point.x - viewport.x) / viewport.scale,
    y: (point.y - viewport.y) / viewport.scale,
  };
}

function fittingScale(size: ImageSize, frame: ImageSize): number {
  const scale = Math.min(frame.width / size.width, frame.height / size.height);
  // A frame that is not laid out yet has no size.
  return scale > 0 && Number.isFinite(scale) ? scale : 1;
}

function limitedScale(scale: number, size: ImageSize, frame: ImageSize): number {
  // Small pictures may be shown at their own size on a screen of two device pixels a pixel.
  const smallest = Math.min(fittingScale(size, frame), 0.5);
  return Math.min(Math.max(scale, smallest), LARGEST_SCALE);
}

function clampedCorner(corner: number, length: number, room: number): number {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, corner));
}
