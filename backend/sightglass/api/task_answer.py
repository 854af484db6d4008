"""A task's state as the JSON that clients get: one shape for answers, lists and streams."""

from __future__ import annotations

from typing import Any

import orjson

from sightglass.api.iso_time import to_iso
from sightglass.jobs.task_state import TaskState


def task_answer(state: TaskState) -> dict[str, Any]:
    error = state.error and {"code": state.error.code, "message": state.error.message}
    return {
        "task_id": state.id,
        "status": state.status,
        "progress": state.progress,
        "result": state.result,
        "error": error,
        "attempts": state.attempts,
        "image_name": state.image_name,
        "request_id": state.request_id,
        "submitted_at": to_iso(state.submitted_at),
        "started_at": to_iso(state.started_at) if state.started_at else None,
        "finished_at": to_iso(state.finished_at) if state.finished_at else None,
    }


def encoded_task(state: TaskState) -> bytes:
    return orjson.dumps(task_answer(state))
