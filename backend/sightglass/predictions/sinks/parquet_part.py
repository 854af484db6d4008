"""A batch of predictions as a Parquet table, one row each, for a window's run in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from sightglass.predictions.history_rows import to_class_rows, to_row
from sightglass.predictions.record import Prediction

_STAGES = ("receive", "queue", "decode", "preprocess", "inference", "postprocess")
_NOT_SHOWN = ("created_us", "window_start", "traced", "record")


def write_part(batch: Sequence[Prediction], path: Path) -> None:
    """Write the table. `detections` holds JSON with boxes in pixels of the original image."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([_row(p) for p in batch], schema=_schema(pa))
    pq.write_table(table, path, compression="zstd")


def _row(prediction: Prediction) -> dict[str, Any]:
    columns = {k: v for k, v in to_row(prediction).items() if k not in _NOT_SHOWN}
    return {
        **columns,
        "created_at": round(prediction.created_at * 1e6),
        "error_message": prediction.error_message,
        **{f"{stage}_ms": prediction.milliseconds.get(stage) for stage in _STAGES},
        "classes": [
            {"name": row["class_name"], "count": row["count"]} for row in to_class_rows(prediction)
        ],
        "detections": orjson.dumps(prediction.detections).decode(),
        "classifications": orjson.dumps(prediction.classifications).decode(),
        "options": orjson.dumps(prediction.options).decode(),
    }


def _schema(pa: Any) -> Any:
    text, whole, real = pa.string(), pa.int64(), pa.float64()
    fields = {
        "id": text,
        "created_at": pa.timestamp("us", tz="UTC"),
        "request_id": text,
        "task_id": text,
        "source": text,
        "model_name": text,
        "model_version": text,
        "outcome": text,
        "error_code": text,
        "error_message": text,
        "image_name": text,
        "width": whole,
        "height": whole,
        "size_bytes": whole,
        "sha256": text,
        "brightness": real,
        "sharpness": real,
        "total_ms": real,
        **{f"{stage}_ms": real for stage in _STAGES},
        "num_detections": whole,
        "min_confidence": real,
        "mean_confidence": real,
        "max_confidence": real,
        "classes": pa.list_(pa.struct([("name", text), ("count", whole)])),
        "detections": text,
        "classifications": text,
        "options": text,
    }
    return pa.schema(list(fields.items()))
