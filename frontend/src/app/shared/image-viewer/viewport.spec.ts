import { clamped, fitted, revealing, toPicture, toScreen, zoomed } from './viewport';

const FRAME = { width: 800, height: 600 };
const WIDE = { width: 1600, height: 400 };

describe('viewport', () => {
  it('fits the whole picture into the middle of the frame', () => {
    expect(fitted(WIDE, FRAME)).toEqual({ scale: 0.5, x: 0, y: 200 });
  });

  it('survives a frame that is not laid out yet', () => {
    expect(fitted(WIDE, { width: 0, height: 0 }).scale).toBe(1);
  });

  it('keeps the place under the pointer when zooming', () => {
    const before = { scale: 1, x: -300, y: 100 };
    const at = { x: 500, y: 300 };
    const after = zoomed(before, at, 2, WIDE, FRAME);
    expect(after.scale).toBe(2);
    expect(toPicture(after, at)).toEqual(toPicture(before, at));
  });

  it('does not zoom out beyond the whole picture', () => {
    const whole = fitted(WIDE, FRAME);
    expect(zoomed(whole, { x: 10, y: 10 }, 0.1, WIDE, FRAME)).toEqual(whole);
  });

  it('shows no ground beside a picture that is larger than the frame', () => {
    expect(clamped({ scale: 1, x: 90, y: 0 }, WIDE, FRAME).x).toBe(0);
    expect(clamped({ scale: 1, x: -5000, y: 0 }, WIDE, FRAME).x).toBe(-800);
  });

  it('turns points there and back', () => {
    const viewport = { scale: 2.5, x: -40, y: 12 };
    expect(toPicture(viewport, toScreen(viewport, { x: 7, y: 9 }))).toEqual({ x: 7, y: 9 });
  });

  it('moves only when the middle of a box is out of sight', () => {
    const viewport = { scale: 1, x: 0, y: 100 };
    const near = { x1: 10, y1: 10, x2: 20, y2: 20 };
    expect(revealing(viewport, near, WIDE, FRAME)).toBe(viewport);
    const far = { x1: 1490, y1: 10, x2: 1510, y2: 20 };
    expect(revealing(viewport, far, WIDE, FRAME).x).toBe(-800);
  });
});
