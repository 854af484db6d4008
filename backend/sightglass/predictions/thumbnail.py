"""A small upright JPEG of a picture, for lists that show many."""

from __future__ import annotations

import cv2

from sightglass import intake
from sightglass.engine.annotate import encode_jpeg

_QUALITY = 85


def make_thumbnail(data: bytes, longest_side: int, limits: intake.IntakeLimits) -> bytes:
    """JPEG bytes; the longest side has at most so many pixels, and a small picture is not
    enlarged. Raises the errors for bytes of `intake`.
    """
    pixels = intake.decode(data, limits, target=longest_side).pixels
    height, width = pixels.shape[:2]
    scale = longest_side / max(width, height)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return encode_jpeg(pixels, _QUALITY)
