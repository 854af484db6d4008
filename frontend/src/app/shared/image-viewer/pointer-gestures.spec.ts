import { PointerGestures } from './pointer-gestures';

describe('PointerGestures', () => {
  it('takes a press that hardly moves for a click', () => {
    const gestures = new PointerGestures();
    gestures.down(1, { x: 10, y: 10 });
    expect(gestures.move(1, { x: 12, y: 11 })).toBeNull();
    expect(gestures.up(1)).toBe(true);
  });

  it('follows a drag from where the press was', () => {
    const gestures = new PointerGestures();
    gestures.down(1, { x: 10, y: 10 });
    expect(gestures.move(1, { x: 30, y: 15 })).toMatchObject({ kind: 'drag', dx: 20, dy: 5 });
    expect(gestures.up(1)).toBe(false);
  });

  it('zooms with two fingers around their middle', () => {
    const gestures = new PointerGestures();
    gestures.down(1, { x: 0, y: 0 });
    gestures.down(2, { x: 100, y: 0 });
    expect(gestures.move(2, { x: 200, y: 0 })).toEqual({
      kind: 'pinch',
      center: { x: 100, y: 0 },
      factor: 2,
      dx: 50,
      dy: 0,
    });
    expect([gestures.up(2), gestures.up(1)]).toEqual([false, false]);
  });

  it('knows nothing of a pointer that is not down', () => {
    expect(new PointerGestures().move(9, { x: 1, y: 1 })).toBeNull();
  });
});
