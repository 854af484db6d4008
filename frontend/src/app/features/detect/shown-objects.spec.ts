import { DetectedObject } from '../../shared/detected-object';
import { classCounts, filteredObjects } from './shown-objects';

const box = { x1: 0, y1: 0, x2: 1, y2: 1 };
const OBJECTS: DetectedObject[] = [
  { id: 0, box, classId: 2, name: 'truck', confidence: 0.9, polygons: [] },
  { id: 1, box, classId: 1, name: 'car', confidence: 0.25, polygons: [] },
  { id: 2, box, classId: 1, name: 'car', confidence: 0.1, polygons: [] },
];

describe('filteredObjects', () => {
  it('keeps what is at least as sure, and counts the rest by reason', () => {
    const filter = { confidence: 0.25, hiddenClasses: new Set([2]) };
    const found = filteredObjects(OBJECTS, filter);
    expect(found.shown.map(({ id }) => id)).toEqual([1]);
    expect(found).toMatchObject({ below: 1, hiddenByClass: 1 });
  });
});

describe('classCounts', () => {
  it('lists every class by name, also those with nothing sure enough', () => {
    expect(classCounts(OBJECTS, 0.5)).toEqual([
      { classId: 1, name: 'car', count: 0 },
      { classId: 2, name: 'truck', count: 1 },
    ]);
  });
});
