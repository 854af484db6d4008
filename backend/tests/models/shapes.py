"""Generated pictures of coloured shapes, with their labels: what the tiny models know."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = ("disc", "square", "triangle")
_COLOURS = ((40, 40, 220), (60, 200, 60), (220, 120, 30))  # BGR, one per class


@dataclass(frozen=True)
class Shape:
    """An object: class id and outline (N, 2) in pixels."""

    class_id: int
    outline: NDArray[np.float32]


def draw(
    rng: np.random.Generator, height: int, width: int, count: int, size: int | None = None
) -> tuple[NDArray[np.uint8], list[Shape]]:
    """A noisy BGR picture with `count` shapes that do not overlap much."""
    base = rng.integers(90, 190, 3)
    picture = np.clip(rng.normal(base, 12, (height, width, 3)), 0, 255).astype(np.uint8)
    size = size or min(height, width)
    shapes: list[Shape] = []
    taken: list[tuple[float, float, float]] = []
    for _ in range(count * 20):
        if len(shapes) == count:
            break
        radius = rng.uniform(0.1, 0.24) * size
        if width <= 2 * radius + 2 or height <= 2 * radius + 2:
            continue
        x = rng.uniform(radius + 1, width - radius - 1)
        y = rng.uniform(radius + 1, height - radius - 1)
        if any(np.hypot(x - a, y - b) < radius + r for a, b, r in taken):
            continue
        taken.append((x, y, radius))
        shapes.append(_draw_one(picture, rng, x, y, radius))
    return picture, shapes


def _draw_one(
    picture: NDArray[np.uint8], rng: np.random.Generator, x: float, y: float, radius: float
) -> Shape:
    class_id = int(rng.integers(len(CLASSES)))
    corners = (40, 4, 3)[class_id]
    start = 0.0 if class_id == 0 else rng.uniform(0, 2 * np.pi)
    angles = start + np.linspace(0, 2 * np.pi, corners, endpoint=False)
    outline = np.stack((x + radius * np.cos(angles), y + radius * np.sin(angles)), 1)
    shade = np.clip(np.array(_COLOURS[class_id]) + rng.integers(-30, 30, 3), 0, 255)
    cv2.fillPoly(picture, [outline.round().astype(np.int32)], shade.tolist(), cv2.LINE_AA)
    return Shape(class_id, outline.astype(np.float32))
