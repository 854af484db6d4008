import { Point } from './viewport';

/** What the pointers that are down have just done, in CSS pixels. */
export type Gesture =
  | { readonly kind: 'drag'; readonly to: Point; readonly dx: number; readonly dy: number }
  | {
      readonly kind: 'pinch';
      readonly center: Point;
      readonly factor: number;
      readonly dx: number;
      readonly dy: number;
    };

// A hand is not still: a press that moves less than this is a click.
const STILL = 4;

/** Follows the pointers that are down and says what they mean together. */
export class PointerGestures {
  private readonly points = new Map<number, Point>();
  private first: Point = { x: 0, y: 0 };
  private moved = false;

  /** How many pointers are down now. */
  get count(): number {
    return this.points.size;
  }

  down(id: number, point: Point): void {
    if (this.points.size === 0) {
      this.first = point;
      this.moved = false;
    }
    this.points.set(id, point);
    if (this.points.size > 1) this.moved = true;
  }

  /** Null while it may still become a click. */
  move(id: number, point: Point): Gesture | null {
    const before = this.points.get(id);
    if (!before) return null;
    const other = [...this.points].find(([key]) => key !== id)?.[1];
    if (!other && !this.moved && distance(point, this.first) < STILL) return null;
    this.moved = true;
    this.points.set(id, point);
    if (other) return pinch(before, point, other);
    return { kind: 'drag', to: point, dx: point.x - before.x, dy: point.y - before.y };
  }

  /** True when the last pointer went up and it was a click. */
  up(id: number): boolean {
    const wasDown = this.points.delete(id);
    return wasDown && this.points.size === 0 && !this.moved;
  }
}

function pinch(before: Point, now: Point, other: Point): Gesture {
  const factor = distance(now, other) / Math.max(distance(before, other), 1);
  const center = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  // The middle between two fingers moves half as far as the one that moved.
  return { kind: 'pinch', center, factor, dx: (now.x - before.x) / 2, dy: (now.y - before.y) / 2 };
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
