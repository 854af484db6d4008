import { DetectedObject } from '../../shared/detected-object';
import {
  correct,
  correctedObjects,
  isChanged,
  startCorrections,
  undo,
  withBoxInMiddle,
  withClass,
  withoutObject,
  withSide,
} from './corrections';

const CAR: DetectedObject = {
  id: 0,
  box: { x1: 10, y1: 20, x2: 30, y2: 40 },
  classId: 1,
  name: 'car',
  confidence: 0.8,
  polygons: [],
};
const SIZE = { width: 100, height: 80 };
const BUS = { id: 0, name: 'bus' };

describe('corrections', () => {
  it('are unchanged at the start, and again after all steps are undone', () => {
    let corrections = startCorrections([CAR]);
    expect(isChanged(corrections)).toBe(false);
    corrections = correct(corrections, withoutObject(corrections.objects, 0));
    corrections = correct(corrections, withBoxInMiddle(corrections.objects, BUS, SIZE));
    expect(isChanged(corrections)).toBe(true);
    corrections = undo(undo(corrections));
    expect(corrections.objects).toEqual([CAR]);
    expect(isChanged(corrections)).toBe(false);
    expect(undo(corrections)).toEqual(corrections);
  });

  it('are unchanged when a step has put everything back', () => {
    const corrections = correct(startCorrections([CAR]), [{ ...CAR, confidence: null }]);
    expect(isChanged(corrections)).toBe(false);
  });

  it('count the last box being removed as a change', () => {
    expect(isChanged(correct(startCorrections([CAR]), []))).toBe(true);
  });

  it('give the chosen class to one object, whose confidence is no longer the model’s', () => {
    const [first, second] = withClass([CAR, { ...CAR, id: 1 }], 1, BUS);
    expect(first).toEqual(CAR);
    expect(second).toMatchObject({ classId: 0, name: 'bus', confidence: null });
  });

  it('add a box in the middle under an id that is free', () => {
    const added = withBoxInMiddle([{ ...CAR, id: 4 }], BUS, SIZE).at(-1);
    expect(added).toMatchObject({
      id: 5,
      name: 'bus',
      box: { x1: 37.5, y1: 30, x2: 62.5, y2: 50 },
    });
  });

  it('keep a side within the picture and before its opposite', () => {
    const sideOf = (side: 'x1' | 'y2', value: number) =>
      withSide([CAR], 0, side, value, SIZE)[0].box[side];
    expect(sideOf('x1', -5)).toBe(0);
    expect(sideOf('x1', 50)).toBe(29);
    expect(sideOf('y2', 500)).toBe(80);
    expect(sideOf('y2', 60)).toBe(60);
  });

  it('are sent as boxes and class ids only', () => {
    expect(correctedObjects([CAR])).toEqual([{ box: CAR.box, class: 1 }]);
  });
});
