"""NMS against the definition, written out plainly."""

from __future__ import annotations

import numpy as np
import pytest

from sightglass.engine.nms import suppress


def plain(boxes: np.ndarray, scores: np.ndarray, ids: np.ndarray, iou: float) -> list[int]:
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if all(ids[index] != ids[k] or overlap(boxes[index], boxes[k]) <= iou for k in kept):
            kept.append(index)
    return kept


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(width * height / (areas - width * height))


@pytest.mark.parametrize("count", [0, 1, 2, 50, 1500])
@pytest.mark.parametrize("iou", [0.0, 0.45, 0.7, 1.0])
def test_same_as_the_definition(count: int, iou: float) -> None:
    rng = np.random.default_rng(count)
    boxes = (rng.random((count, 4)) * 300).astype(np.float32)
    boxes[:, 2:] = boxes[:, :2] + boxes[:, 2:] / 3 + 5
    scores = rng.random(count).astype(np.float32)
    ids = rng.integers(0, 3, count)
    kept = suppress(boxes, scores, ids, iou, 100_000)
    assert kept.tolist() == plain(boxes, scores, ids, iou)
    assert suppress(boxes, scores, ids, iou, 7).tolist() == kept[:7].tolist()


def test_every_candidate_may_be_asked_for() -> None:
    count = 30_000
    rng = np.random.default_rng(0)
    boxes = np.zeros((count, 4), np.float32)
    boxes[:, :2] = rng.random((count, 2)) * 600
    boxes[:, 2:] = boxes[:, :2] + 30
    kept = suppress(boxes, rng.random(count).astype(np.float32), np.zeros(count, int), 0.7, 300)
    assert len(kept) == 300
