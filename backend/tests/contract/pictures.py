"""Small pictures to upload; what is on them does not matter to the contract."""

from __future__ import annotations

import cv2
import numpy as np


def encoded(extension: str = ".jpg", *, width: int = 320, height: int = 240) -> bytes:
    """Shapes over a gradient, always the same, in the format of the extension."""
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.dstack([np.tile(ramp, (height, 1))] * 3)
    cv2.rectangle(pixels, (width // 8, height // 3), (width // 2, height - 9), (40, 40, 200), -1)
    cv2.circle(pixels, (3 * width // 4, height // 2), height // 5, (200, 180, 20), -1)
    done, data = cv2.imencode(extension, pixels)
    assert done
    return data.tobytes()
