import { signal } from '@angular/core';
import { Camera } from './camera';

function cameraOf(size = signal({ width: 1000, height: 1000 })) {
  const camera = new Camera(size);
  camera.frame.set({ width: 500, height: 500 });
  return { camera, size };
}

describe('Camera', () => {
  it('keeps the whole picture in sight when the frame changes', () => {
    const { camera } = cameraOf();
    camera.frame.set({ width: 250, height: 500 });
    expect(camera.viewport().scale).toBe(0.25);
    expect(camera.isFitted()).toBe(true);
  });

  it('shows one picture pixel on one of the screen, also on a dense one', () => {
    const { camera } = cameraOf();
    camera.ratio.set(2);
    camera.showActualSize();
    expect(camera.viewport().scale).toBe(0.5);
    expect(camera.percent()).toBe(100);
  });

  it('begins each picture of another size whole', () => {
    const { camera, size } = cameraOf();
    camera.zoom(4);
    expect(camera.isFitted()).toBe(false);
    size.set({ width: 100, height: 50 });
    expect(camera.isFitted()).toBe(true);
  });

  it('says when the wheel has come to the end', () => {
    const { camera } = cameraOf();
    const turn = (deltaY: number) =>
      camera.turnWheel(new WheelEvent('wheel', { deltaY }), { x: 0, y: 0 });
    expect(turn(100)).toBe(false);
    expect(turn(-100)).toBe(true);
  });
});
