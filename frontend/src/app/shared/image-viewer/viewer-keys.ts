/** What a key asks the viewer to do. */
export type KeyAction =
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'fit' | 'actual' | 'remove' | 'deselect' }
  | {
      readonly kind: 'step';
      readonly dx: -1 | 0 | 1;
      readonly dy: -1 | 0 | 1;
      readonly far: boolean;
    };

export const ZOOM_STEP = 1.25;

const PLAIN: Readonly<Record<string, KeyAction>> = {
  '+': { kind: 'zoom', factor: ZOOM_STEP },
  '=': { kind: 'zoom', factor: ZOOM_STEP },
  '-': { kind: 'zoom', factor: 1 / ZOOM_STEP },
  '0': { kind: 'fit' },
  '1': { kind: 'actual' },
  Delete: { kind: 'remove' },
  Backspace: { kind: 'remove' },
  Escape: { kind: 'deselect' },
};

const ARROWS: Readonly<Record<string, readonly [-1 | 0 | 1, -1 | 0 | 1]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Null for keys that are none of the viewer's, such as the browser's own zoom. */
export function keyAction(event: KeyboardEvent): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const arrow = ARROWS[event.key];
  if (arrow) return { kind: 'step', dx: arrow[0], dy: arrow[1], far: event.shiftKey };
  return PLAIN[event.key] ?? null;
}
