import { signal } from '@angular/core';
import { DetectedObject } from '../detected-object';
import { BoxEditor, EditorInput } from './box-editor';

const CAR: DetectedObject = {
  id: 0,
  box: { x1: 10, y1: 10, x2: 50, y2: 50 },
  classId: 1,
  name: 'car',
  confidence: 0.9,
  polygons: [],
};

function editorOf(change: Partial<EditorInput> = {}) {
  const input = signal<EditorInput>({
    objects: [CAR],
    size: { width: 200, height: 200 },
    newClass: { id: 3, name: 'person' },
    selected: null,
    pixel: 1,
    ...change,
  });
  return new BoxEditor(input);
}

describe('BoxEditor', () => {
  it('draws on empty ground and shows the box before it is done', () => {
    const editor = editorOf();
    editor.press({ x: 100, y: 100 }, false, false);
    expect(editor.drag({ x: 140, y: 130 })).toBe(1);
    expect(editor.objects()).toHaveLength(2);
    const done = editor.finish();
    expect(done?.[1]).toMatchObject({
      name: 'person',
      box: { x1: 100, y1: 100, x2: 140, y2: 130 },
    });
    expect(editor.objects()).toEqual([CAR]);
  });

  it('moves an object that is taken, but draws over it when told so', () => {
    const moving = editorOf();
    moving.press({ x: 30, y: 30 }, false, false);
    expect(moving.drag({ x: 40, y: 30 })).toBe(0);
    expect(moving.finish()?.[0].box).toEqual({ x1: 20, y1: 10, x2: 60, y2: 50 });
    const drawing = editorOf();
    drawing.press({ x: 30, y: 30 }, true, false);
    expect(drawing.drag({ x: 45, y: 45 })).toBe(1);
    expect(drawing.finish()).toHaveLength(2);
  });

  it('resizes by a handle of the selected object', () => {
    const editor = editorOf({ selected: 0 });
    editor.press({ x: 50, y: 50 }, false, false);
    editor.drag({ x: 80, y: 70 });
    expect(editor.finish()?.[0].box).toEqual({ x1: 10, y1: 10, x2: 80, y2: 70 });
  });

  it('takes a very small box for a slip', () => {
    const editor = editorOf();
    editor.press({ x: 100, y: 100 }, false, false);
    editor.drag({ x: 102, y: 140 });
    expect(editor.finish()).toBeNull();
  });

  it('does not draw without a class', () => {
    const editor = editorOf({ newClass: null });
    editor.press({ x: 100, y: 100 }, false, false);
    expect(editor.isPressed()).toBe(false);
  });

  it('nudges and removes what is selected, and nothing else', () => {
    expect(editorOf().nudged(1, 0)).toBeNull();
    expect(editorOf().removed()).toBeNull();
    const editor = editorOf({ selected: 0 });
    expect(editor.nudged(0, -30)?.[0].box).toEqual({ x1: 10, y1: 0, x2: 50, y2: 40 });
    expect(editor.removed()).toEqual([]);
  });
});
