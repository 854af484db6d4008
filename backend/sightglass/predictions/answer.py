"""The answer to a successful prediction, as CONTRACTS A gives it: one shape for all transports."""

from __future__ import annotations

import base64
from typing import Any

from sightglass.engine.types import Classification, Detection
from sightglass.predictions.record import Prediction


def answer_of(prediction: Prediction, annotated: bytes | None = None) -> dict[str, Any]:
    """JSON fields of a succeeded prediction. Boxes are in pixels of the original image,
    `processing_time` is in seconds, `timings` in milliseconds.

    `image` is the size of the upright original; with an annotated picture it is that picture as
    base64 JPEG instead, as the contract's first system had it. `image_size` is always the size.
    """
    size = {"width": prediction.image.width, "height": prediction.image.height}
    answer: dict[str, Any] = {
        "success": True,
        "prediction_id": prediction.id,
        "detections": [_detection(detection) for detection in prediction.detections],
        "num_instances": len(prediction.detections),
        "processing_time": round(prediction.total_milliseconds / 1000, 6),
        "timings": {stage: round(ms, 3) for stage, ms in prediction.milliseconds.items()},
        "model": {"name": prediction.model.name, "version": prediction.model.version},
        "image": size,
        "image_size": size,
    }
    if prediction.classifications:
        answer["classifications"] = [_classification(c) for c in prediction.classifications]
    if annotated is not None:
        answer["image"] = base64.b64encode(annotated).decode("ascii")
    return answer


def _detection(detection: Detection) -> dict[str, Any]:
    box = detection.box
    fields: dict[str, Any] = {
        "box": {
            "x1": round(box.x1, 2),
            "y1": round(box.y1, 2),
            "x2": round(box.x2, 2),
            "y2": round(box.y2, 2),
        },
        "class": detection.class_id,
        "name": detection.name,
        "confidence": round(detection.confidence, 5),
    }
    if detection.mask is not None:
        fields["mask"] = {"polygons": detection.mask.polygons}
    return fields


def _classification(classification: Classification) -> dict[str, Any]:
    return {
        "class": classification.class_id,
        "name": classification.name,
        "confidence": round(classification.confidence, 5),
    }
