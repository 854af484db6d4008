"""Masks: from prototypes and coefficients to the outlines of objects in the original picture.

The binary mask is the one of ultralytics' `process_mask` (logits scaled up to the model's input,
above zero, cut at the box), but only the part inside the box is ever computed.
"""

from __future__ import annotations

import cv2
import numpy as np

from sightglass.engine.heads import Candidates
from sightglass.engine.letterbox import Floats, Pixels, Placement
from sightglass.engine.types import Mask

# Outlines may move by this part of a pixel of the input: it leaves a third of their points.
_SIMPLIFY_PIXELS = 0.35


def outlines(found: Candidates, prototypes: Floats, placement: Placement) -> list[Mask | None]:
    """One mask per candidate; None where nothing of it lies inside its box.

    `prototypes` is (masks, height, width), usually at a quarter of the input.
    """
    return [
        _outline(coefficients, corners, prototypes, placement)
        for coefficients, corners in zip(found.coefficients, found.corners, strict=True)
    ]


def _outline(
    coefficients: Floats, corners: Floats, prototypes: Floats, placement: Placement
) -> Mask | None:
    bitmap, left, top = _bitmap(coefficients, corners, prototypes, placement.shape)
    if bitmap is None:
        return None
    contours, _ = cv2.findContours(
        _doubled(bitmap), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(2 * left, 2 * top)
    )
    polygons = [polygon for contour in contours if (polygon := _polygon(contour, placement))]
    return Mask(tuple(polygons)) if polygons else None


def _bitmap(
    coefficients: Floats, corners: Floats, prototypes: Floats, shape: tuple[int, int]
) -> tuple[Pixels | None, int, int]:
    """The mask inside the box at the input's resolution, and where its corner lies."""
    height, width = shape
    x1, y1 = (max(0, int(np.ceil(value))) for value in corners[:2])
    x2, y2 = (
        min(limit, int(np.ceil(v))) for limit, v in zip((width, height), corners[2:], strict=True)
    )
    if x2 <= x1 or y2 <= y1:
        return None, 0, 0
    rows, columns = prototypes.shape[1:]
    step_y, step_x = height // rows, width // columns
    # One prototype pixel of margin, so that the interpolation inside the box is unchanged.
    left, right = max(0, x1 // step_x - 1), min(columns, (x2 - 1) // step_x + 2)
    top, bottom = max(0, y1 // step_y - 1), min(rows, (y2 - 1) // step_y + 2)
    part = prototypes[:, top:bottom, left:right]
    logits = np.tensordot(coefficients, part, axes=1)
    large = cv2.resize(
        logits,
        ((right - left) * step_x, (bottom - top) * step_y),
        interpolation=cv2.INTER_LINEAR,
    )
    inside = large[y1 - top * step_y : y2 - top * step_y, x1 - left * step_x : x2 - left * step_x]
    bitmap = (inside > 0).astype(np.uint8)
    return (bitmap, x1, y1) if bitmap.any() else (None, 0, 0)


def _doubled(bitmap: Pixels) -> Pixels:
    """The bitmap at twice its resolution, so that a contour tells left edges from right ones.

    OpenCV's contours run through the centres of the outermost pixels. In the doubled bitmap those
    of a left or upper edge are even and those of a right or lower edge odd: see `_polygon`.
    """
    return np.repeat(np.repeat(bitmap, 2, axis=0), 2, axis=1)


def _polygon(contour: np.ndarray, placement: Placement) -> tuple[tuple[float, float], ...]:
    """A contour of the doubled bitmap as a polygon in pixels of the original.

    Half of an even coordinate is the edge before its pixel, half of the odd one after it the edge
    behind it: so the polygon runs along the edges of the pixels and keeps their area.
    """
    edges = (contour + (contour & 1)) // 2
    simple = cv2.approxPolyDP(edges, _SIMPLIFY_PIXELS, closed=True)[:, 0].astype(np.float32)
    points = placement.to_original(np.concatenate((simple, simple), axis=1))[:, :2]
    return tuple(map(tuple, points.tolist()))
