import { intersection, labelPlace } from './label-placement';

const BOUNDS = { x: 0, y: 0, width: 400, height: 300 };
const LABEL = { width: 60, height: 18 };

describe('labelPlace', () => {
  it('lies above the box where there is room', () => {
    const box = { x: 50, y: 100, width: 80, height: 80 };
    expect(labelPlace(box, LABEL, BOUNDS, [])).toMatchObject({ x: 50, y: 82 });
  });

  it('goes inside a box at the upper edge, and stays within the right one', () => {
    const box = { x: 380, y: 5, width: 20, height: 80 };
    expect(labelPlace(box, LABEL, BOUNDS, [])).toMatchObject({ x: 340, y: 5 });
  });

  it('gives way to another label', () => {
    const box = { x: 50, y: 100, width: 80, height: 80 };
    const taken = [{ x: 40, y: 80, width: 60, height: 19 }];
    expect(labelPlace(box, LABEL, BOUNDS, taken)).toMatchObject({ y: 100 });
  });

  it('stays in the visible part of a box that goes on beyond it', () => {
    const box = { x: -500, y: -500, width: 2000, height: 2000 };
    expect(labelPlace(box, LABEL, BOUNDS, [])).toMatchObject({ x: 0, y: 0 });
  });
});

describe('intersection', () => {
  it('is of no size where nothing is shared', () => {
    const far = { x: 500, y: 500, width: 10, height: 10 };
    expect(intersection(BOUNDS, far)).toMatchObject({ width: 0, height: 0 });
  });
});
