"""From whatever a decoder gives to what the engine takes: upright BGR, 8 bits, contiguous.

Transparent pixels are laid onto white, as a viewer shows them: the colour hidden under full
transparency is arbitrary, and a model must not see what a person cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

_STRIP_ROWS = 256  # blending works on strips: a few megabytes beside a picture of any size

# EXIF orientation to the turns and mirrorings that undo it.
_UPRIGHT: dict[int, tuple[tuple[Callable[..., Pixels], int], ...]] = {
    2: ((cv2.flip, 1),),
    3: ((cv2.rotate, cv2.ROTATE_180),),
    4: ((cv2.flip, 0),),
    5: ((cv2.rotate, cv2.ROTATE_90_CLOCKWISE), (cv2.flip, 1)),
    6: ((cv2.rotate, cv2.ROTATE_90_CLOCKWISE),),
    7: ((cv2.rotate, cv2.ROTATE_90_CLOCKWISE), (cv2.flip, 0)),
    8: ((cv2.rotate, cv2.ROTATE_90_COUNTERCLOCKWISE),),
}


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation of 1..8."""
    for step, argument in _UPRIGHT.get(orientation, ()):
        pixels = step(pixels, argument)
    return pixels


def from_array(pixels: NDArray[Any]) -> Pixels:
    """BGR of what OpenCV decoded: 1, 3 or 4 channels of 8 or 16 bits."""
    if pixels.dtype == np.uint16:
        # 65535 / 257 = 255 exactly; dropping the low byte would darken everything by half a step.
        pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return _convert(pixels, cv2.COLOR_GRAY2BGR)
    if pixels.shape[2] == 4:
        return _onto_white(pixels)
    return np.ascontiguousarray(pixels)


def from_pillow(image: Image.Image) -> Pixels:
    """BGR of what Pillow decoded, whatever its mode."""
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return _onto_white(_convert(rgba, cv2.COLOR_RGBA2BGRA))
    if image.mode in ("L", "1"):
        return _convert(np.asarray(image.convert("L")), cv2.COLOR_GRAY2BGR)
    return _convert(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR)


def _convert(pixels: NDArray[Any], code: int) -> Pixels:
    converted: Pixels = cv2.cvtColor(pixels, code)
    return converted


def _onto_white(bgra: Pixels) -> Pixels:
    alpha = bgra[:, :, 3]
    bgr = _convert(bgra, cv2.COLOR_BGRA2BGR)
    if alpha.min() == 255:
        return bgr
    for top in range(0, len(bgr), _STRIP_ROWS):
        strip = bgr[top : top + _STRIP_ROWS]
        weight = alpha[top : top + _STRIP_ROWS, :, None].astype(np.uint32)
        strip[:] = (strip * weight + 255 * (255 - weight) + 127) // 255
    return bgr
