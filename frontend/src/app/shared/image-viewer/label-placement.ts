/** A rectangle on the screen, in CSS pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Where a label goes: above the box, else inside at its top, else below; the first place that is
 * within `bounds` and free of other labels. Where none is free, it covers another.
 */
export function labelPlace(
  box: Rectangle,
  label: { width: number; height: number },
  bounds: Rectangle,
  taken: readonly Rectangle[],
): Rectangle {
  const tops = [box.y - label.height, box.y, box.y + box.height];
  const places = tops
    .filter((top) => top >= bounds.y && top + label.height <= bounds.y + bounds.height)
    .map((top) => placed(box.x, top, label, bounds));
  const free = places.find((place) => !taken.some((other) => overlap(place, other)));
  return free ?? places[0] ?? placed(box.x, box.y, label, bounds);
}

/** The part that both cover; of no size where they do not meet. */
export function intersection(one: Rectangle, other: Rectangle): Rectangle {
  const x = Math.max(one.x, other.x);
  const y = Math.max(one.y, other.y);
  const right = Math.min(one.x + one.width, other.x + other.width);
  const bottom = Math.min(one.y + one.height, other.y + other.height);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

function placed(
  left: number,
  top: number,
  label: { width: number; height: number },
  bounds: Rectangle,
): Rectangle {
  const x = Math.max(bounds.x, Math.min(left, bounds.x + bounds.width - label.width));
  const y = Math.max(bounds.y, Math.min(top, bounds.y + bounds.height - label.height));
  return { x, y, width: label.width, height: label.height };
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
