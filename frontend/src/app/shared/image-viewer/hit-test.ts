import { BoxAnswer } from '../../api/models/box-answer';
import { DetectedObject } from '../detected-object';
import { Point } from './viewport';

/**
 * The object with the smallest box around the point, so that one in front of a large one can be
 * picked. `reach` is how far outside of its box a point still counts, in picture pixels.
 */
export function findObjectAt(
  objects: readonly DetectedObject[],
  point: Point,
  reach = 0,
): DetectedObject | null {
  let found: DetectedObject | null = null;
  for (const object of objects) {
    if (!contains(object.box, point, reach)) continue;
    if (found === null || boxArea(object.box) < boxArea(found.box)) found = object;
  }
  return found;
}

export function boxArea(box: BoxAnswer): number {
  return (box.x2 - box.x1) * (box.y2 - box.y1);
}

function contains(box: BoxAnswer, point: Point, reach: number): boolean {
  return (
    point.x >= box.x1 - reach &&
    point.x <= box.x2 + reach &&
    point.y >= box.y1 - reach &&
    point.y <= box.y2 + reach
  );
}
