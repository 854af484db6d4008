"""The arithmetic between a picture and the model's input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightglass.engine.letterbox import (
    PADDING,
    centre_crop,
    fitted,
    letterbox,
    place,
    tight_shape,
)

SIDES = st.integers(1, 5000)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ((1080, 810), (640, 480)),
        ((720, 1280), (384, 640)),
        ((640, 640), (640, 640)),
        ((1, 3000), (32, 640)),
        ((24, 32), (480, 640)),
    ],
)
def test_tight_shape(picture: tuple[int, int], expected: tuple[int, int]) -> None:
    assert tight_shape(picture, (640, 640), 32) == expected


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES)
def test_tight_shape_is_whole_strides_and_holds_the_picture(height: int, width: int) -> None:
    shape = tight_shape((height, width), (416, 416), 32)
    inner = fitted((height, width), (416, 416))
    assert shape[0] % 32 == shape[1] % 32 == 0
    assert max(shape) == 416
    assert shape[0] >= inner[0]
    assert shape[1] >= inner[1]


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES)
def test_picture_corners_come_back(height: int, width: int) -> None:
    placement = place((height, width), (416, 416), (416, 416), (height, width))
    corners = np.array(
        [
            [
                placement.left,
                placement.top,
                placement.left + placement.width,
                placement.top + placement.height,
            ],
            [-50, -50, 900, 900],
        ],
        np.float32,
    )
    mapped = placement.to_original(corners)
    assert np.allclose(mapped, [[0, 0, width, height]] * 2, rtol=1e-5)


def test_boxes_are_in_pixels_of_the_original_of_a_reduced_picture() -> None:
    placement = place((540, 960), (640, 640), (384, 640), (2160, 3840))
    mapped = placement.to_original(np.array([[0, 12, 320, 192]], np.float32))
    assert np.allclose(mapped, [[0, 0, 1920, 1080]])


def test_old_content_of_the_buffer_is_painted_over() -> None:
    buffer = np.full((64, 96, 3), 7, np.uint8)
    placement = place((10, 30), (96, 96), (64, 96), (10, 30))
    letterbox(np.full((10, 30, 3), 200, np.uint8), placement, buffer)
    assert set(np.unique(buffer)) == {PADDING, 200}
    assert (buffer[placement.top : placement.top + placement.height] == 200).all()


def test_same_size_is_copied() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(32, 32, 3)
    buffer = np.zeros_like(pixels)
    letterbox(pixels, place((32, 32), (32, 32), (32, 32), (32, 32)), buffer)
    assert (buffer == pixels).all()


def test_centre_crop_takes_the_middle() -> None:
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, 100:200] = 255
    out = np.zeros((64, 64, 3), np.uint8)
    centre_crop(pixels, out)
    assert (out[:, 4:60] == 255).all()
