"""One prediction as a record: what was asked, what was seen, how long each stage took.

The record is what the journal keeps, the history stores and MLflow shows. Its outcome is
explicit: a failure or a timeout is never an empty list of objects.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from pydantic import TypeAdapter

from sightglass.engine.types import Classification, Detection, DetectOptions

_ID = re.compile(r"[0-9a-f]{32}")


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class Source(StrEnum):
    """Who asked."""

    SYNC = "sync"
    ASYNC = "async"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class ModelRef:
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is kept of an image; never its bytes. Width and height are those of the upright
    original, None when it was never decoded. brightness: mean luma, 0..255. sharpness: variance
    of the Laplacian of the luma at the model's input size.
    """

    name: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    brightness: float | None = None
    sharpness: float | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One record. `created_at` is seconds since the epoch (UTC); `milliseconds` maps each stage
    (receive, queue, decode, preprocess, inference, postprocess) to its time.
    """

    id: str
    created_at: float
    source: Source
    model: ModelRef
    image: ImageFacts
    options: DetectOptions
    outcome: Outcome
    request_id: str | None = None
    task_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    detections: tuple[Detection, ...] = ()
    classifications: tuple[Classification, ...] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)
    total_milliseconds: float = 0.0


def new_prediction_id() -> str:
    """A UUIDv7 as 32 hex digits (RFC 9562): 48 bits of Unix milliseconds, then random bits.

    It orders by time, and it is also the trace id in MLflow.
    """
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"


def is_prediction_id(text: str) -> bool:
    """Whether it has the form of one: nothing else may become a key or a query."""
    return _ID.fullmatch(text) is not None


def id_age_seconds(prediction_id: str) -> float:
    """How long ago the id was made, by the time that it holds; below 0 when that lies ahead."""
    return time.time() - int(prediction_id[:12], 16) / 1000


def encode(prediction: Prediction) -> bytes:
    """JSON of the record, for the journal and the history."""
    return orjson.dumps(prediction)


_adapter: TypeAdapter[Prediction] = TypeAdapter(Prediction)


def decode(data: bytes | str) -> Prediction:
    """The record of `encode`'s JSON. Raises `ValueError` when it is none.

    Pydantic's own parser would take NaN and Infinity, which `encode` cannot give back.
    """
    return decode_fields(orjson.loads(data))


def decode_fields(fields: dict[str, Any]) -> Prediction:
    """The record of an already parsed JSON object. Raises `ValueError` when it is none."""
    return _adapter.validate_python(fields)
