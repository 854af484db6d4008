"""Non-maximum suppression, class by class, over the candidates above the threshold.

The greedy algorithm of torchvision and ultralytics: the most confident box stays, boxes of its
class whose IoU with it is above the threshold go. OpenCV's C++ does the work.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from sightglass.engine.letterbox import Floats

MAX_CANDIDATES = 30_000  # ultralytics' max_nms
_FIRST_BATCH = 1_000


def suppress(
    corners: Floats,
    scores: Floats,
    class_ids: NDArray[np.intp],
    iou: float,
    max_detections: int,
) -> NDArray[np.intp]:
    """Indices of at most `max_detections` boxes (N, 4) that stay, most confident first."""
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    # Whether a box stays depends only on more confident ones, so a prefix that already yields
    # enough is the whole answer: a threshold of zero then costs little more than any other.
    size = _FIRST_BATCH
    while True:
        kept = _suppress_all(corners, scores, class_ids, iou, order[:size])
        if len(kept) >= max_detections or size >= len(order):
            return kept[:max_detections]
        size *= 4


def _suppress_all(
    corners: Floats,
    scores: Floats,
    class_ids: NDArray[np.intp],
    iou: float,
    order: NDArray[np.intp],
) -> NDArray[np.intp]:
    if len(order) < 2:
        return order
    boxes = corners[order].astype(np.float64)
    boxes[:, 2:] -= boxes[:, :2]  # OpenCV wants x, y, width, height
    # OpenCV's type stubs ask for lists; arrays are taken as they are, without copying each row.
    kept = cv2.dnn.NMSBoxesBatched(
        cast("Any", boxes), cast("Any", scores[order]), cast("Any", class_ids[order]), -1.0, iou
    )
    return order[np.asarray(kept, np.intp)]
