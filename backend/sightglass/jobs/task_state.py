"""What is known of one task, as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from sightglass.engine.types import DetectOptions

# What a list of tasks shows: all but the results.
SUMMARY = (
    *("name", "status", "progress", "submitted_at", "started_at", "finished_at"),
    *("attempts", "image_name", "request_id", "error"),
)


class TaskStatus(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why a task failed: the code and the message of a `SightglassError`."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task. Times are seconds since the epoch; `progress` is in 0..1."""

    id: str
    name: str
    status: TaskStatus
    progress: float
    submitted_at: float
    started_at: float | None = None
    finished_at: float | None = None
    attempts: int = 0
    image_name: str | None = None
    request_id: str | None = None
    result: dict[str, Any] | None = None
    error: TaskFailure | None = None


@dataclass(frozen=True, slots=True)
class ImageJob:
    """What the worker has to know of a queued image; its bytes are a blob."""

    options: DetectOptions = field(default_factory=DetectOptions)
    annotate: bool = False
    image_name: str | None = None
    request_id: str | None = None

    def to_json(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def from_json(cls, text: str) -> ImageJob:
        fields = orjson.loads(text)
        options = fields.pop("options")
        classes = options.pop("classes")
        kept = None if classes is None else tuple(classes)
        return cls(options=DetectOptions(classes=kept, **options), **fields)


def state_of(task_id: str, fields: Mapping[str, str]) -> TaskState:
    """The state that a task's hash holds."""
    result, error = fields.get("result"), fields.get("error")
    return TaskState(
        id=task_id,
        name=fields["name"],
        status=TaskStatus(fields["status"]),
        progress=float(fields.get("progress", 0)),
        submitted_at=float(fields["submitted_at"]),
        started_at=_seconds(fields.get("started_at")),
        finished_at=_seconds(fields.get("finished_at")),
        attempts=int(fields.get("attempts", 0)),
        image_name=fields.get("image_name"),
        request_id=fields.get("request_id"),
        result=orjson.loads(result) if result else None,
        error=TaskFailure(**orjson.loads(error)) if error else None,
    )


def find_summary(task_id: str, row: Sequence[str | None]) -> TaskState | None:
    """The state by the values of `SUMMARY`; None when there is no such task."""
    fields = {name: value for name, value in zip(SUMMARY, row, strict=True) if value is not None}
    return state_of(task_id, fields) if "status" in fields else None


def _seconds(text: str | None) -> float | None:
    return float(text) if text else None
