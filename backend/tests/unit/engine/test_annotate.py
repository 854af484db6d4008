"""What is drawn lies where it was found."""

from __future__ import annotations

import cv2
import numpy as np

from sightglass.engine.annotate import annotate, encode_jpeg
from sightglass.engine.types import (
    Box,
    Classification,
    Detection,
    EngineResult,
    Mask,
    Task,
)

GROUND = np.full((200, 300, 3), 90, np.uint8)


def changed(drawn: np.ndarray) -> np.ndarray:
    return np.asarray((drawn != GROUND).any(axis=2))


def test_box_is_drawn_where_it_is_and_the_picture_is_left_alone() -> None:
    before = GROUND.copy()
    result = EngineResult(Task.DETECT, (Detection(Box(200, 200, 400, 300), 0, "bus", 0.9),))
    drawn = annotate(GROUND, result, (600, 400))  # the picture is half the original's size
    assert (before == GROUND).all()
    rows, columns = np.nonzero(changed(drawn))
    assert columns.min() in range(98, 101)
    assert rows.max() in range(149, 152)
    assert not changed(drawn)[110:140, 110:190].any()  # the inside of the box


def test_mask_is_blended_in() -> None:
    mask = Mask((((20, 20), (120, 20), (120, 120), (20, 120)),))
    result = EngineResult(
        Task.SEGMENT, (Detection(Box(20, 20, 120, 120), 1, "car", 0.5, mask=mask),)
    )
    assert changed(annotate(GROUND, result, (300, 200)))[30:110, 30:110].all()


def test_label_at_every_edge_stays_inside() -> None:
    boxes = [Box(0, 0, 5, 5), Box(290, 190, 300, 200), Box(0, 195, 3, 200), Box(295, 0, 300, 4)]
    result = EngineResult(Task.DETECT, tuple(Detection(b, 3, "a long name", 0.5) for b in boxes))
    assert annotate(GROUND, result, (300, 200)).shape == GROUND.shape


def test_classes_are_written() -> None:
    result = EngineResult(Task.CLASSIFY, classifications=(Classification(0, "cat", 0.8),))
    assert changed(annotate(GROUND, result, (300, 200))).any()


def test_jpeg() -> None:
    data = np.frombuffer(encode_jpeg(GROUND), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == GROUND.shape
