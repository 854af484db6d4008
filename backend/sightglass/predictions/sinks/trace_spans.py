"""A prediction as an OpenTelemetry trace: one root span, and a span per stage.

The trace id is the prediction id and the span ids follow from it, so a trace that is sent twice
is the same trace. The attributes are those that MLflow's trace list and viewer read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sightglass.predictions.record import Outcome, Prediction

# In the order in which they happen; a record has those that it came to.
STAGES = ("receive", "queue", "decode", "preprocess", "inference", "postprocess")
_NANOSECONDS_PER_MS = 1_000_000


def spans_of(prediction: Prediction) -> list[Span]:
    """The root span first."""
    begin = int(prediction.created_at * 1e9)
    # Each tag costs the server a quarter of a millisecond: only what a list is filtered by.
    root_id = _span_id(prediction.id, "")
    root = _span(prediction.id, root_id, "predict", begin, prediction.total_milliseconds)
    root.attributes.extend(
        [
            _attribute("mlflow.spanType", "CHAIN"),
            _attribute("mlflow.spanInputs", _inputs(prediction)),
            _attribute("mlflow.spanOutputs", _outputs(prediction)),
            _attribute("model.name", prediction.model.name),
            _attribute("model.version", prediction.model.version),
            _attribute("mlflow.traceTag.mlflow.traceName", "predict"),
            _attribute(
                "mlflow.traceTag.model", f"{prediction.model.name} {prediction.model.version}"
            ),
        ]
    )
    root.status.CopyFrom(_status(prediction))
    spans = [root]
    at = begin
    for stage in STAGES:
        if stage not in prediction.milliseconds:
            continue
        milliseconds = prediction.milliseconds[stage]
        span = _span(prediction.id, _span_id(prediction.id, stage), stage, at, milliseconds)
        span.parent_span_id = root_id
        span.attributes.append(_attribute("mlflow.spanType", "TASK"))
        spans.append(span)
        at = span.end_time_unix_nano
    return spans


def _span(trace_id: str, span_id: bytes, name: str, begin: int, milliseconds: float) -> Span:
    return Span(
        trace_id=bytes.fromhex(trace_id),
        span_id=span_id,
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=begin,
        end_time_unix_nano=begin + int(max(0.0, milliseconds) * _NANOSECONDS_PER_MS),
    )


def _span_id(trace_id: str, stage: str) -> bytes:
    return hashlib.blake2b(f"{trace_id}/{stage}".encode(), digest_size=8).digest()


def _status(prediction: Prediction) -> Status:
    if prediction.outcome is Outcome.SUCCEEDED:
        return Status(code=Status.STATUS_CODE_OK)
    message = f"{prediction.error_code}: {prediction.error_message}"
    return Status(code=Status.STATUS_CODE_ERROR, message=message)


def _inputs(prediction: Prediction) -> dict[str, Any]:
    """What was asked: the image's facts, never its bytes."""
    return {
        "image": _known(prediction.image),
        "options": _known(prediction.options),
        "source": prediction.source.value,
        "request_id": prediction.request_id,
        "task_id": prediction.task_id,
    }


def _outputs(prediction: Prediction) -> dict[str, Any]:
    """What was seen. Outlines are left to the history: they are long."""
    if prediction.outcome is not Outcome.SUCCEEDED:
        return {
            "outcome": prediction.outcome.value,
            "error_code": prediction.error_code,
            "error_message": prediction.error_message,
        }
    outputs: dict[str, Any] = {
        "outcome": prediction.outcome.value,
        "num_detections": len(prediction.detections),
        "classes": dict(Counter(d.name for d in prediction.detections)),
        "detections": [
            {
                "name": d.name,
                "confidence": round(d.confidence, 4),
                "box": [round(v, 1) for v in (d.box.x1, d.box.y1, d.box.x2, d.box.y2)],
            }
            for d in prediction.detections
        ],
    }
    if prediction.classifications:
        outputs["classifications"] = prediction.classifications[:5]
    return outputs


def _known(facts: Any) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(orjson.dumps(facts))
    return {name: value for name, value in fields.items() if value is not None}


def _attribute(key: str, value: str | dict[str, Any]) -> KeyValue:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return KeyValue(key=key, value=AnyValue(string_value=text))
