"""How bright and how sharp a picture is: cheap numbers that show a dark or a blurred camera."""

from __future__ import annotations

import cv2

from sightglass.intake.pixels import Pixels

_LONGEST_SIDE = 640


def quality(pixels: Pixels) -> tuple[float, float]:
    """Brightness (mean luma, 0..255) and sharpness (variance of its Laplacian) of BGR pixels.

    Measured at a longest side of at most 640, so that a photo of more pixels does not count as a
    sharper one.
    """
    height, width = pixels.shape[:2]
    scale = _LONGEST_SIDE / max(height, width)
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # Averaging over areas costs 8 times as much and differs from linear only beyond a half.
        method = cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA
        luma = cv2.resize(luma, size, interpolation=method)
    edges = cv2.Laplacian(luma, cv2.CV_16S)
    # E[x^2] - E[x]^2 by a norm and a sum: a tenth of the time of meanStdDev on 16 bits.
    variance = cv2.norm(edges, cv2.NORM_L2) ** 2 / edges.size - cv2.mean(edges)[0] ** 2
    return min(255.0, float(cv2.mean(luma)[0])), max(0.0, float(variance))
