"""Brightness and sharpness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sightglass.intake import quality
from tests.hostile import pictures


@pytest.mark.parametrize("level", [0, 77, 255])
def test_an_even_picture_has_its_brightness_and_no_sharpness(level: int) -> None:
    assert quality(np.full((480, 640, 3), level, np.uint8)) == (level, 0.0)


def test_blur_lowers_sharpness_and_keeps_brightness() -> None:
    sharp = pictures.photo()
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 12), np.uint8)
    assert quality(blurred)[1] < quality(sharp)[1] / 4
    assert quality(blurred)[0] == pytest.approx(quality(sharp)[0], abs=1)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    pixels = pictures.photo()
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    assert quality(pixels)[1] == pytest.approx(cv2.Laplacian(luma, cv2.CV_64F).var(), rel=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5000, 3), (5000, 1, 3), (2, 2, 3)])
def test_odd_shapes(shape: tuple[int, int, int]) -> None:
    brightness, sharpness = quality(np.zeros(shape, np.uint8))
    assert (brightness, sharpness) == (0.0, 0.0)
