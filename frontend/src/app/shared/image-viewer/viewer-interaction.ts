import { signal, WritableSignal } from '@angular/core';
import { DetectedObject } from '../detected-object';
import { BoxEditor } from './box-editor';
import { Camera } from './camera';
import { findObjectAt } from './hit-test';
import { PointerGestures } from './pointer-gestures';
import { KeyAction, keyAction } from './viewer-keys';
import { Point } from './viewport';

/** What the hands of a person act upon. */
export interface Handled {
  readonly camera: Camera;
  readonly editor: BoxEditor;
  readonly objects: () => readonly DetectedObject[];
  readonly editable: () => boolean;
  readonly hovered: WritableSignal<number | null>;
  readonly selected: WritableSignal<number | null>;
  readonly edited: (objects: DetectedObject[]) => void;
}

// How far beside its box an object can be picked, in CSS pixels.
const REACH = 3;
const PAN_STEP = 40;
const FAR_STEP = 10;
const DOUBLE_CLICK_ZOOM = 2.5;

/** Turns what mouse, fingers and keys do on the surface into looking, picking and editing. */
export class ViewerInteraction {
  readonly cursor = signal('default');
  private readonly gestures = new PointerGestures();

  constructor(private readonly on: Handled) {}

  turnWheel(event: WheelEvent): void {
    const turned = this.on.camera.turnWheel(event, pointOf(event));
    // At the end of the zoom the page scrolls on.
    if (turned || event.ctrlKey) event.preventDefault();
  }

  zoomAtPointer(event: MouseEvent): void {
    const { camera } = this.on;
    if (camera.isFitted()) camera.zoom(DOUBLE_CLICK_ZOOM, pointOf(event));
    else camera.fit();
  }

  press(event: PointerEvent): void {
    if (event.button > 1) return;
    surfaceOf(event).setPointerCapture(event.pointerId);
    this.gestures.down(event.pointerId, pointOf(event));
    const edits = this.on.editable() && event.button === 0 && this.gestures.count === 1;
    const byTouch = event.pointerType === 'touch';
    if (edits) this.on.editor.press(this.placeOf(event), event.shiftKey, byTouch);
    else this.on.editor.cancel();
  }

  move(event: PointerEvent): void {
    if (this.gestures.count === 0) return this.point(event);
    const { camera, editor, selected } = this.on;
    const gesture = this.gestures.move(event.pointerId, pointOf(event));
    if (gesture?.kind === 'drag' && editor.isPressed()) {
      selected.set(editor.drag(camera.toPicture(gesture.to)));
    } else if (gesture) {
      camera.pan(gesture.dx, gesture.dy);
      if (gesture.kind === 'pinch') camera.zoom(gesture.factor, gesture.center);
    }
  }

  release(event: PointerEvent): void {
    const { editor, selected } = this.on;
    if (this.gestures.up(event.pointerId)) {
      editor.cancel();
      selected.set(this.objectAt(event)?.id ?? null);
    } else if (this.gestures.count === 0 && editor.isPressed()) {
      if (!this.edit(editor.finish())) this.forgetMissing();
    }
  }

  abandon(event: PointerEvent): void {
    this.gestures.up(event.pointerId);
    this.on.editor.cancel();
    this.forgetMissing();
  }

  leave(): void {
    if (this.gestures.count === 0) this.on.hovered.set(null);
  }

  pressKey(event: KeyboardEvent): void {
    const action = keyAction(event);
    if (action && this.act(action)) event.preventDefault();
  }

  private act(action: KeyAction): boolean {
    const { camera } = this.on;
    if (action.kind === 'zoom') camera.zoom(action.factor);
    else if (action.kind === 'fit') camera.fit();
    else if (action.kind === 'actual') camera.showActualSize();
    else if (action.kind === 'step') this.takeStep(action.dx, action.dy, action.far);
    else if (action.kind === 'remove') return this.remove();
    else return this.deselect();
    return true;
  }

  private takeStep(dx: number, dy: number, far: boolean): void {
    const { camera, editable, editor } = this.on;
    const pixels = far ? FAR_STEP : 1;
    if (editable() && this.edit(editor.nudged(dx * pixels, dy * pixels))) return;
    camera.pan(-dx * PAN_STEP, -dy * PAN_STEP);
  }

  private remove(): boolean {
    const removed = this.on.editable() && this.edit(this.on.editor.removed());
    if (removed) this.on.selected.set(null);
    return removed;
  }

  private deselect(): boolean {
    const { editor, selected } = this.on;
    const had = selected() !== null || editor.isPressed();
    editor.cancel();
    selected.set(null);
    return had;
  }

  private edit(objects: DetectedObject[] | null): boolean {
    if (objects) this.on.edited(objects);
    return objects !== null;
  }

  private point(event: PointerEvent): void {
    const { camera, editable, editor, hovered } = this.on;
    const object = this.objectAt(event);
    if (event.pointerType !== 'touch') hovered.set(object?.id ?? null);
    const idle = object ? 'pointer' : camera.isFitted() ? 'default' : 'grab';
    this.cursor.set(editable() ? editor.cursorAt(this.placeOf(event), object !== null) : idle);
  }

  private objectAt(event: MouseEvent): DetectedObject | null {
    const reach = REACH / this.on.camera.viewport().scale;
    return findObjectAt(this.on.objects(), this.placeOf(event), reach);
  }

  /** A new box that was given up had been selected while it was drawn. */
  private forgetMissing(): void {
    const { objects, selected } = this.on;
    if (!objects().some(({ id }) => id === selected())) selected.set(null);
  }

  private placeOf(event: MouseEvent): Point {
    return this.on.camera.toPicture(pointOf(event));
  }
}

function surfaceOf(event: Event): HTMLElement {
  return event.currentTarget as HTMLElement;
}

function pointOf(event: MouseEvent): Point {
  const place = surfaceOf(event).getBoundingClientRect();
  return { x: event.clientX - place.left, y: event.clientY - place.top };
}
