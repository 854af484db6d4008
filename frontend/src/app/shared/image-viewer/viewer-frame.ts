import { ImageSize } from '../../api/models/image-size';

/** Tells the size of an element in CSS pixels and the device's pixels in one of them; ends on call. */
export function watchFrame(
  element: HTMLElement,
  setFrame: (frame: ImageSize) => void,
  setRatio: (ratio: number) => void,
): () => void {
  const observer = new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    setFrame({ width, height });
  });
  observer.observe(element);
  const stopRatio = watchRatio(setRatio);
  return () => {
    observer.disconnect();
    stopRatio();
  };
}

/** A window can be moved to another screen, whose ratio the old query does not match. */
function watchRatio(setRatio: (ratio: number) => void): () => void {
  let query: MediaQueryList;
  const ask = () => {
    setRatio(devicePixelRatio);
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', ask, { once: true });
  };
  ask();
  return () => query.removeEventListener('change', ask);
}
