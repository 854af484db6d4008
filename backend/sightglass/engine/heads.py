"""Heads: from the raw outputs of the network to candidates in pixels of the model's input.

The threshold comes first, so that everything after it touches a handful of candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightglass.engine.bundle import Head
from sightglass.engine.letterbox import Floats
from sightglass.engine.nms import suppress


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a request asks of the head, with the model's defaults filled in."""

    confidence: float
    iou: float
    classes: tuple[int, ...] | None
    max_detections: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """What was found, most confident first. `corners` (N, 4) are x1, y1, x2, y2 in pixels of the
    input; `coefficients` (N, masks) weigh the mask prototypes and have no columns without them.
    """

    corners: Floats
    scores: Floats
    class_ids: NDArray[np.intp]
    coefficients: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp]) -> Candidates:
        """Some of them, in the order of `index`."""
        return Candidates(
            self.corners[index], self.scores[index], self.class_ids[index], self.coefficients[index]
        )


def read_head(output: Floats, head: Head, classes: int, asked: Thresholds) -> Candidates:
    """The objects in the first output (without its batch axis); copies, never views of it."""
    if head is Head.END2END:
        return _read_end2end(output, asked)
    return _read_raw(output, classes, asked)


def _read_raw(output: Floats, classes: int, asked: Thresholds) -> Candidates:
    """(4 + classes + masks, anchors): centre x, y, width, height, then a score per class.

    Each anchor stands for its best class alone, as in ultralytics' prediction.
    """
    scores = output[4 : 4 + classes]
    index = np.flatnonzero(scores.max(axis=0) > asked.confidence)
    columns = output[:, index]
    class_scores = columns[4 : 4 + classes]
    class_ids = class_scores.argmax(axis=0)
    if asked.classes is not None:
        chosen = np.flatnonzero(np.isin(class_ids, asked.classes))
        columns, class_ids = columns[:, chosen], class_ids[chosen]
        class_scores = columns[4 : 4 + classes]
    best = class_scores[class_ids, np.arange(len(class_ids))]
    half = columns[2:4] * np.float32(0.5)
    corners: Floats = np.concatenate((columns[:2] - half, columns[:2] + half)).T
    found = Candidates(corners, best, class_ids, columns[4 + classes :].T)
    return found.take(suppress(corners, best, class_ids, asked.iou, asked.max_detections))


def _read_end2end(output: Floats, asked: Thresholds) -> Candidates:
    """(rows, 6 + masks): x1, y1, x2, y2, score, class; sorted by score, nothing to suppress."""
    rows = output[output[:, 4] > asked.confidence]
    if asked.classes is not None:
        rows = rows[np.isin(rows[:, 5], asked.classes)]
    rows = rows[: asked.max_detections]
    return Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp), rows[:, 6:])
