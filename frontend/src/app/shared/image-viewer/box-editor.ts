import { computed, signal } from '@angular/core';
import { BoxAnswer } from '../../api/models/box-answer';
import { ImageSize } from '../../api/models/image-size';
import { DetectedObject } from '../detected-object';
import {
  BoxDrag,
  draggedBox,
  findHandleAt,
  handleCursor,
  movedBox,
  nextId,
  withBox,
  withNew,
  without,
} from './box-editing';
import { findObjectAt } from './hit-test';
import { Point } from './viewport';

export interface EditorInput {
  readonly objects: readonly DetectedObject[];
  readonly size: ImageSize;
  readonly newClass: { id: number; name: string } | null;
  readonly selected: number | null;
  /** Picture pixels in one CSS pixel. */
  readonly pixel: number;
}

const HANDLE_REACH = 8;
const HANDLE_REACH_TOUCH = 18;
// A drawn box with a side below this many CSS pixels was a slip.
const SMALLEST_SIDE = 4;

/** One change of a box at a time, from the press to the release; points in picture pixels. */
export class BoxEditor {
  private pressed: BoxDrag | null = null;
  private readonly draft = signal<{ drag: BoxDrag; box: BoxAnswer } | null>(null);

  /** The objects as they look in the middle of a change. */
  readonly objects = computed(() => {
    const draft = this.draft();
    return draft ? this.changed(draft.drag, draft.box) : this.input().objects;
  });

  constructor(private readonly input: () => EditorInput) {}

  /** With `over`, a new box may begin on top of another. */
  press(at: Point, over: boolean, byTouch: boolean): void {
    this.pressed = this.dragFrom(at, over, byTouch);
  }

  isPressed(): boolean {
    return this.pressed !== null;
  }

  /** The id of the object that is being changed. */
  drag(to: Point): number | null {
    const drag = this.pressed;
    if (!drag) return null;
    this.draft.set({ drag, box: draggedBox(drag, to, this.input().size) });
    return drag.kind === 'draw' ? nextId(this.input().objects) : drag.id;
  }

  /** The objects after the change, or null where nothing was changed. */
  finish(): DetectedObject[] | null {
    const draft = this.draft();
    this.cancel();
    if (!draft || this.isSlip(draft.box)) return null;
    return this.changed(draft.drag, draft.box);
  }

  cancel(): void {
    this.pressed = null;
    this.draft.set(null);
  }

  /** The objects with the selected one moved, or null where none is selected. */
  nudged(dx: number, dy: number): DetectedObject[] | null {
    const { objects, size } = this.input();
    const selected = this.selectedObject();
    if (!selected) return null;
    return withBox(objects, selected.id, movedBox(selected.box, dx, dy, size));
  }

  removed(): DetectedObject[] | null {
    const selected = this.selectedObject();
    return selected ? without(this.input().objects, selected.id) : null;
  }

  cursorAt(at: Point, overObject: boolean): string {
    const { newClass, pixel } = this.input();
    const selected = this.selectedObject();
    const handle = selected && findHandleAt(selected.box, at, HANDLE_REACH * pixel);
    if (handle) return handleCursor(handle);
    if (overObject) return 'move';
    return newClass ? 'crosshair' : 'grab';
  }

  private dragFrom(at: Point, over: boolean, byTouch: boolean): BoxDrag | null {
    const { objects, newClass, pixel } = this.input();
    const selected = this.selectedObject();
    const reach = (byTouch ? HANDLE_REACH_TOUCH : HANDLE_REACH) * pixel;
    const handle = selected && findHandleAt(selected.box, at, reach);
    if (handle) return { kind: 'resize', handle, id: selected.id, box: selected.box };
    const object = over ? null : this.objectToMove(objects, at);
    if (object) return { kind: 'move', from: at, id: object.id, box: object.box };
    return newClass ? { kind: 'draw', from: at } : null;
  }

  /** The selected one where it is under the pointer, also when a smaller one is in front. */
  private objectToMove(objects: readonly DetectedObject[], at: Point): DetectedObject | null {
    const selected = this.selectedObject();
    return (selected && findObjectAt([selected], at)) ?? findObjectAt(objects, at);
  }

  private selectedObject(): DetectedObject | null {
    const { objects, selected } = this.input();
    return objects.find(({ id }) => id === selected) ?? null;
  }

  private changed(drag: BoxDrag, box: BoxAnswer): DetectedObject[] {
    const { objects, newClass } = this.input();
    if (drag.kind !== 'draw') return withBox(objects, drag.id, box);
    return newClass ? withNew(objects, newClass, box) : [...objects];
  }

  private isSlip(box: BoxAnswer): boolean {
    const smallest = SMALLEST_SIDE * this.input().pixel;
    return box.x2 - box.x1 < smallest || box.y2 - box.y1 < smallest;
  }
}
