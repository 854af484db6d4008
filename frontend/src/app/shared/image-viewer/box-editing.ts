import { BoxAnswer } from '../../api/models/box-answer';
import { ImageSize } from '../../api/models/image-size';
import { DetectedObject } from '../detected-object';
import { Point } from './viewport';

/** One of the eight points to take a box by: which of its sides move (-1 first, 1 second, 0 none). */
export interface Handle {
  readonly horizontal: -1 | 0 | 1;
  readonly vertical: -1 | 0 | 1;
}

export const HANDLES: readonly Handle[] = [
  { horizontal: -1, vertical: -1 },
  { horizontal: 0, vertical: -1 },
  { horizontal: 1, vertical: -1 },
  { horizontal: 1, vertical: 0 },
  { horizontal: 1, vertical: 1 },
  { horizontal: 0, vertical: 1 },
  { horizontal: -1, vertical: 1 },
  { horizontal: -1, vertical: 0 },
];

/** What a press with the pointer has begun; `from` and the boxes in picture pixels. */
export type BoxDrag =
  | { readonly kind: 'draw'; readonly from: Point }
  | { readonly kind: 'move'; readonly from: Point; readonly id: number; readonly box: BoxAnswer }
  | {
      readonly kind: 'resize';
      readonly handle: Handle;
      readonly id: number;
      readonly box: BoxAnswer;
    };

export function handlePoint(box: BoxAnswer, handle: Handle): Point {
  const shareX = (handle.horizontal + 1) / 2;
  const shareY = (handle.vertical + 1) / 2;
  return { x: box.x1 + (box.x2 - box.x1) * shareX, y: box.y1 + (box.y2 - box.y1) * shareY };
}

/** The nearest handle within `reach` picture pixels of the point. */
export function findHandleAt(box: BoxAnswer, point: Point, reach: number): Handle | null {
  const near = HANDLES.map((handle) => {
    const place = handlePoint(box, handle);
    return { handle, distance: Math.max(Math.abs(place.x - point.x), Math.abs(place.y - point.y)) };
  }).filter(({ distance }) => distance <= reach);
  near.sort((one, other) => one.distance - other.distance);
  return near[0]?.handle ?? null;
}

/** The CSS cursor over a handle. */
export function handleCursor(handle: Handle): string {
  if (handle.horizontal === 0) return 'ns-resize';
  if (handle.vertical === 0) return 'ew-resize';
  return handle.horizontal === handle.vertical ? 'nwse-resize' : 'nesw-resize';
}

/** The box that a drag has led to, within the picture. */
export function draggedBox(drag: BoxDrag, to: Point, size: ImageSize): BoxAnswer {
  if (drag.kind === 'draw') return boxBetween(drag.from, to, size);
  if (drag.kind === 'move') {
    return movedBox(drag.box, to.x - drag.from.x, to.y - drag.from.y, size);
  }
  return resizedBox(drag.box, drag.handle, to, size);
}

/** Moved as far as the picture reaches; the box keeps its size. */
export function movedBox(box: BoxAnswer, dx: number, dy: number, size: ImageSize): BoxAnswer {
  const right = Math.min(Math.max(dx, -box.x1), size.width - box.x2);
  const down = Math.min(Math.max(dy, -box.y1), size.height - box.y2);
  return { x1: box.x1 + right, y1: box.y1 + down, x2: box.x2 + right, y2: box.y2 + down };
}

/** A box whose taken sides follow the point; taken past the other side it turns over. */
export function resizedBox(box: BoxAnswer, handle: Handle, to: Point, size: ImageSize): BoxAnswer {
  const from = {
    x: handle.horizontal < 0 ? to.x : box.x1,
    y: handle.vertical < 0 ? to.y : box.y1,
  };
  const opposite = {
    x: handle.horizontal > 0 ? to.x : box.x2,
    y: handle.vertical > 0 ? to.y : box.y2,
  };
  return boxBetween(from, opposite, size);
}

/** The objects with one box in place of the old one. */
export function withBox(
  objects: readonly DetectedObject[],
  id: number,
  box: BoxAnswer,
): DetectedObject[] {
  return objects.map((object) =>
    // The outline and the confidence were the model's, and belonged to its own box.
    object.id === id ? { ...object, box, polygons: [], confidence: null } : object,
  );
}

/** The objects and one more, of a class that a person chose. */
export function withNew(
  objects: readonly DetectedObject[],
  newClass: { id: number; name: string },
  box: BoxAnswer,
): DetectedObject[] {
  const id = nextId(objects);
  const { id: classId, name } = newClass;
  return [...objects, { id, box, classId, name, confidence: null, polygons: [] }];
}

export function without(objects: readonly DetectedObject[], id: number): DetectedObject[] {
  return objects.filter((object) => object.id !== id);
}

/** An id that no object has. */
export function nextId(objects: readonly DetectedObject[]): number {
  return objects.reduce((highest, { id }) => Math.max(highest, id), -1) + 1;
}

function boxBetween(one: Point, other: Point, size: ImageSize): BoxAnswer {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  return {
    x1: within(Math.min(one.x, other.x), size.width),
    y1: within(Math.min(one.y, other.y), size.height),
    x2: within(Math.max(one.x, other.x), size.width),
    y2: within(Math.max(one.y, other.y), size.height),
  };
}
