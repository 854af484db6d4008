"""Between a prediction and its row in SQL: what is a column, and what is only in the record.

Columns exist to be filtered, sorted and summed. They are cut to what the database holds; the
record beside them is whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, String

from sightglass.predictions import record
from sightglass.predictions.record import Prediction
from sightglass.storage.tables import predictions

WINDOW_SECONDS = 3600
_MICRO = 1_000_000
_LENGTHS = {c.name: c.type.length or 0 for c in predictions.c if isinstance(c.type, String)}
_CLASS_LENGTH = 200


def to_row(prediction: Prediction) -> dict[str, Any]:
    """The columns of table `predictions`."""
    image = prediction.image
    confidences = confidences_of(prediction)
    return {
        "id": prediction.id,
        "created_us": round(prediction.created_at * _MICRO),
        "window_start": int(prediction.created_at // WINDOW_SECONDS) * WINDOW_SECONDS,
        "request_id": _cut("request_id", prediction.request_id),
        "task_id": _cut("task_id", prediction.task_id),
        "source": prediction.source.value,
        "model_name": _cut("model_name", prediction.model.name),
        "model_version": _cut("model_version", prediction.model.version),
        "outcome": prediction.outcome.value,
        "error_code": _cut("error_code", prediction.error_code),
        "image_name": _cut("image_name", image.name),
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": _cut("sha256", image.sha256),
        "brightness": image.brightness,
        "sharpness": image.sharpness,
        "total_ms": prediction.total_milliseconds,
        "num_detections": len(prediction.detections),
        "min_confidence": min(confidences, default=None),
        "mean_confidence": sum(confidences) / len(confidences) if confidences else None,
        "max_confidence": max(confidences, default=None),
        "traced": False,
        "record": record.encode(prediction).decode(),
    }


def confidences_of(prediction: Prediction) -> list[float]:
    """One per detection; of a classifier, that of its best class."""
    if prediction.detections:
        return [detection.confidence for detection in prediction.detections]
    return [best.confidence for best in prediction.classifications[:1]]


def to_class_rows(prediction: Prediction) -> list[dict[str, Any]]:
    """The rows of table `prediction_classes`: how often each class was seen."""
    names = [detection.name for detection in prediction.detections]
    names = names or [best.name for best in prediction.classifications[:1]]
    seen = Counter(_clip(name, _CLASS_LENGTH) for name in names)
    return [
        {"prediction_id": prediction.id, "class_name": name, "count": count}
        for name, count in seen.items()
    ]


def to_summary(row: RowMapping, classes: Mapping[str, int]) -> dict[str, Any]:
    """What a list of predictions shows of one."""
    return {
        "id": row["id"],
        "created_at": row["created_us"] / _MICRO,
        "request_id": row["request_id"],
        "task_id": row["task_id"],
        "source": row["source"],
        "model": {"name": row["model_name"], "version": row["model_version"]},
        "outcome": row["outcome"],
        "error_code": row["error_code"],
        "image": {
            name: row[column]
            for name, column in (
                ("name", "image_name"),
                ("width", "width"),
                ("height", "height"),
                ("size_bytes", "size_bytes"),
                ("sha256", "sha256"),
                ("brightness", "brightness"),
                ("sharpness", "sharpness"),
            )
        },
        "total_milliseconds": row["total_ms"],
        "num_detections": row["num_detections"],
        "classes": dict(classes),
        "min_confidence": row["min_confidence"],
        "mean_confidence": row["mean_confidence"],
        "max_confidence": row["max_confidence"],
        "mlflow": mlflow_place(row),
        "verdict": row["verdict"],
    }


def mlflow_place(row: RowMapping) -> dict[str, str | None]:
    """Where MLflow shows a prediction: its window's run and its trace, None when it has none."""
    return {
        "run_id": row["run_id"] if row["exported_us"] is not None else None,
        "trace_id": f"tr-{row['id']}" if row["traced"] else None,
    }


def _cut(column: str, value: str | None) -> str | None:
    return None if value is None else _clip(value, _LENGTHS[column])


def _clip(value: str, length: int) -> str:
    # PostgreSQL has no NUL in text; names come from clients.
    return value.replace("\x00", "\ufffd")[:length]
