import { DetectedObject } from '../detected-object';
import { findObjectAt } from './hit-test';

function object(id: number, x1: number, y1: number, x2: number, y2: number): DetectedObject {
  return { id, box: { x1, y1, x2, y2 }, classId: 0, name: 'car', confidence: 0.5, polygons: [] };
}

describe('findObjectAt', () => {
  const bus = object(1, 0, 0, 100, 100);
  const person = object(2, 40, 40, 60, 60);

  it('takes the smaller one in front, whatever the order', () => {
    expect(findObjectAt([bus, person], { x: 50, y: 50 })).toBe(person);
    expect(findObjectAt([person, bus], { x: 50, y: 50 })).toBe(person);
  });

  it('takes the large one beside the small one', () => {
    expect(findObjectAt([bus, person], { x: 10, y: 10 })).toBe(bus);
  });

  it('finds nothing on empty ground, and a little beside a box with reach', () => {
    expect(findObjectAt([bus], { x: 103, y: 50 })).toBeNull();
    expect(findObjectAt([bus], { x: 103, y: 50 }, 3)).toBe(bus);
  });
});
