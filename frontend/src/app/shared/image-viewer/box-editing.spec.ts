import { DetectedObject } from '../detected-object';
import {
  draggedBox,
  findHandleAt,
  handleCursor,
  movedBox,
  nextId,
  resizedBox,
  withBox,
  withNew,
} from './box-editing';

const SIZE = { width: 200, height: 100 };
const BOX = { x1: 50, y1: 20, x2: 90, y2: 60 };
const CAR: DetectedObject = {
  id: 4,
  box: BOX,
  classId: 2,
  name: 'car',
  confidence: 0.7,
  polygons: [[[50, 20]]],
};

describe('box editing', () => {
  it('draws a box from any corner and clips it to the picture', () => {
    const drag = { kind: 'draw', from: { x: 180, y: 90 } } as const;
    expect(draggedBox(drag, { x: 500, y: 10 }, SIZE)).toEqual({ x1: 180, y1: 10, x2: 200, y2: 90 });
  });

  it('moves a box as far as the edge without changing its size', () => {
    expect(movedBox(BOX, -100, 5, SIZE)).toEqual({ x1: 0, y1: 25, x2: 40, y2: 65 });
    expect(movedBox(BOX, 500, 500, SIZE)).toEqual({ x1: 160, y1: 60, x2: 200, y2: 100 });
  });

  it('moves only the sides of the handle that was taken', () => {
    const right = { horizontal: 1, vertical: 0 } as const;
    expect(resizedBox(BOX, right, { x: 120, y: 5 }, SIZE)).toEqual({ ...BOX, x2: 120 });
    const corner = { horizontal: -1, vertical: -1 } as const;
    expect(resizedBox(BOX, corner, { x: 40, y: 10 }, SIZE)).toEqual({ ...BOX, x1: 40, y1: 10 });
  });

  it('turns a box over when a side is taken past the other', () => {
    const left = { horizontal: -1, vertical: 0 } as const;
    expect(resizedBox(BOX, left, { x: 130, y: 0 }, SIZE)).toEqual({ ...BOX, x1: 90, x2: 130 });
  });

  it('finds the nearest handle within reach', () => {
    expect(findHandleAt(BOX, { x: 92, y: 58 }, 5)).toEqual({ horizontal: 1, vertical: 1 });
    expect(findHandleAt(BOX, { x: 70, y: 40 }, 5)).toBeNull();
    expect(handleCursor({ horizontal: 1, vertical: 1 })).toBe('nwse-resize');
  });

  it('forgets confidence and outline of a box that a person has changed', () => {
    const [changed] = withBox([CAR], 4, { ...BOX, x2: 91 });
    expect(changed).toMatchObject({ id: 4, name: 'car', confidence: null, polygons: [] });
  });

  it('gives a new box an id that no other has', () => {
    const objects = withNew([CAR], { id: 0, name: 'bus' }, BOX);
    expect(objects[1]).toMatchObject({ id: 5, classId: 0, name: 'bus', confidence: null });
    expect(nextId([])).toBe(0);
  });
});
