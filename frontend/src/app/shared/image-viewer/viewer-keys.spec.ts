import { keyAction } from './viewer-keys';

const press = (key: string, more: KeyboardEventInit = {}) =>
  keyAction(new KeyboardEvent('keydown', { key, ...more }));

describe('keyAction', () => {
  it('reads arrows as steps, far ones with shift', () => {
    expect(press('ArrowLeft')).toEqual({ kind: 'step', dx: -1, dy: 0, far: false });
    expect(press('ArrowDown', { shiftKey: true })).toMatchObject({ dy: 1, far: true });
  });

  it('leaves the zoom of the browser alone', () => {
    expect(press('+')).toMatchObject({ kind: 'zoom' });
    expect(press('+', { ctrlKey: true })).toBeNull();
    expect(press('Tab')).toBeNull();
  });
});
