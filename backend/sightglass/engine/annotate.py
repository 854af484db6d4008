"""Draw what was found onto the picture: boxes, masks and labels."""

from __future__ import annotations

import cv2
import numpy as np

from sightglass.engine.letterbox import Pixels
from sightglass.engine.types import Detection, EngineResult
from sightglass.errors import InferenceError

# BGR; far apart in hue, so that neighbouring class ids are told apart.
_COLOURS = (
    (56, 56, 255), (151, 157, 255), (31, 112, 255), (29, 178, 255), (49, 210, 207),
    (10, 249, 72), (23, 204, 146), (134, 219, 61), (52, 147, 26), (187, 212, 0),
    (168, 153, 44), (255, 194, 0), (147, 69, 52), (255, 115, 100), (236, 24, 0),
    (255, 56, 132), (133, 0, 82), (255, 56, 203), (200, 149, 255), (199, 55, 255),
)  # fmt: skip
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_MASK_WEIGHT = 0.4


def annotate(pixels: Pixels, result: EngineResult, original_size: tuple[int, int]) -> Pixels:
    """A copy of the BGR picture with the answer drawn on it.

    `original_size` (width, height) is what the result's coordinates refer to; the pixels may be
    a reduced version of it.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    scale = (pixels.shape[1] / original_size[0], pixels.shape[0] / original_size[1])
    line = max(round(sum(canvas.shape[:2]) / 2 * 0.003), 1)
    _draw_masks(canvas, result.detections, scale)
    for detection in result.detections:
        _draw_box(canvas, detection, scale, line)
    for row, guess in enumerate(result.classifications[:5]):
        text = f"{guess.name} {guess.confidence:.2f}"
        _draw_label(canvas, text, (line, row * 12 * line), _colour(guess.class_id), line)
    return canvas


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """A BGR picture as JPEG."""
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise InferenceError("The annotated picture could not be encoded.")
    return data.tobytes()


def _colour(class_id: int) -> tuple[int, int, int]:
    return _COLOURS[class_id % len(_COLOURS)]


def _draw_masks(
    canvas: Pixels, detections: tuple[Detection, ...], scale: tuple[float, float]
) -> None:
    if not any(detection.mask for detection in detections):
        return
    overlay = canvas.copy()
    for detection in detections:
        if detection.mask is None:
            continue
        polygons = [
            (np.array(polygon) * scale).round().astype(np.int32)
            for polygon in detection.mask.polygons
        ]
        cv2.fillPoly(overlay, polygons, _colour(detection.class_id))
    cv2.addWeighted(overlay, _MASK_WEIGHT, canvas, 1 - _MASK_WEIGHT, 0, dst=canvas)


def _draw_box(canvas: Pixels, detection: Detection, scale: tuple[float, float], line: int) -> None:
    box, colour = detection.box, _colour(detection.class_id)
    corner = round(box.x1 * scale[0]), round(box.y1 * scale[1])
    opposite = round(box.x2 * scale[0]), round(box.y2 * scale[1])
    cv2.rectangle(canvas, corner, opposite, colour, line, cv2.LINE_AA)
    text = f"{detection.name} {detection.confidence:.2f}"
    _draw_label(canvas, text, corner, colour, line)


def _draw_label(
    canvas: Pixels, text: str, corner: tuple[int, int], colour: tuple[int, int, int], line: int
) -> None:
    """Text on a filled ground, above the corner where there is room, else below it."""
    size, thickness = line / 3, max(line - 1, 1)
    (width, height), below = cv2.getTextSize(text, _FONT, size, thickness)
    x = max(0, min(corner[0], canvas.shape[1] - width))
    top = corner[1] - height - below - line
    top = top if top >= 0 else corner[1]
    bottom = top + height + below + line
    cv2.rectangle(canvas, (x, top), (x + width, bottom), colour, -1)
    bright = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2] > 140
    ink = (0, 0, 0) if bright else (255, 255, 255)
    cv2.putText(canvas, text, (x, bottom - below), _FONT, size, ink, thickness, cv2.LINE_AA)
