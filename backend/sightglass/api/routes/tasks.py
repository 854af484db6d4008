"""Queued images: how far they are, what came out, and cancelling them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sightglass.api import examples
from sightglass.api.deps import ServicesDep
from sightglass.api.iso_time import to_iso
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas import TaskAnswer, TaskList
from sightglass.errors import (
    InvalidParameterError,
    QueueUnavailableError,
    TaskFinishedError,
    UnknownTaskError,
)
from sightglass.jobs.task_state import TaskState, TaskStatus

router = APIRouter(tags=["tasks"])
_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_WAIT_SECONDS = 30


@router.get(
    "/task/{task_id}",
    response_model=TaskAnswer,
    summary="State and result of a task",
    responses={
        **errors(UnknownTaskError, InvalidParameterError, QueueUnavailableError),
        200: example(examples.TASK, "Its state; `result` when it is completed."),
    },
)
async def show_task(
    task_id: str,
    services: ServicesDep,
    wait: Annotated[
        float,
        Query(
            ge=0,
            le=_LONGEST_WAIT_SECONDS,
            allow_inf_nan=False,
            description="Seconds to wait for the end of the task before answering.",
        ),
    ] = 0,
) -> Response:
    _check_id(task_id)
    state = await run_in_threadpool(services.task_store.get, task_id)
    if wait and not state.status.is_final:
        await services.events.wait(task_id, wait)
        state = await run_in_threadpool(services.task_store.get, task_id)
    return json_response(_answer(state))


@router.delete(
    "/task/{task_id}",
    response_model=TaskAnswer,
    summary="Cancel a task",
    responses={
        **errors(UnknownTaskError, TaskFinishedError, InvalidParameterError, QueueUnavailableError),
        200: example(examples.TASK_CANCELLED, "It is cancelled and will have no result."),
    },
)
def cancel_task(task_id: str, services: ServicesDep) -> Response:
    _check_id(task_id)
    services.task_store.cancel(task_id)
    return json_response(_answer(services.task_store.get(task_id)))


@router.get(
    "/tasks",
    response_model=TaskList,
    summary="Tasks, newest first",
    responses={
        **errors(InvalidParameterError, QueueUnavailableError),
        200: example(examples.TASKS, "States, without results."),
    },
)
def list_tasks(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    status: TaskStatus | None = None,
) -> Response:
    found = services.task_store.list_tasks(limit, status)
    return json_response({"tasks": [_answer(state) for state in found]})


def _check_id(task_id: str) -> None:
    if not _ID.fullmatch(task_id):
        raise UnknownTaskError


def _answer(state: TaskState) -> dict[str, Any]:
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
