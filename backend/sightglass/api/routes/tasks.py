"""Queued images: how far they are, what came out; watching, cancelling and retrying them."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sightglass.access.caller import Caller, Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.event_stream import TaskStream
from sightglass.api.inference import owner_of
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.tasks import TaskAccepted, TaskAnswer, TaskList
from sightglass.api.task_answer import task_answer
from sightglass.errors import (
    InvalidParameterError,
    OverloadedError,
    QueueUnavailableError,
    StorageFullError,
    TaskFinishedError,
    TaskNotRetryableError,
    UnknownTaskError,
    UploadExpiredError,
)
from sightglass.jobs.task_state import TaskStatus

router = APIRouter(tags=["tasks"])
_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_WAIT_SECONDS = 30


@router.get(
    "/task/{task_id}",
    dependencies=[requires(Scope.READ, Scope.DETECT)],
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
    return json_response(task_answer(state))


@router.delete(
    "/task/{task_id}",
    dependencies=[requires(Scope.DETECT)],
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
    return json_response(task_answer(services.task_store.get(task_id)))


@router.get(
    "/tasks",
    dependencies=[requires(Scope.READ)],
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
    return json_response({"tasks": [task_answer(state) for state in found]})


@router.get(
    "/tasks/events",
    dependencies=[requires(Scope.READ)],
    summary="Changes of tasks, as server-sent events",
    response_class=TaskStream,
    status_code=200,
    responses={
        **errors(OverloadedError),
        200: example(
            examples.TASK_EVENTS,
            "`tasks`: states that changed, without results. `reset`: list the tasks anew.",
            media_type="text/event-stream",
        ),
    },
)
async def watch_tasks(request: Request, services: ServicesDep) -> Response:
    caller: Caller = request.state.caller
    return TaskStream(request.app.state.task_feed, lambda: services.keys.is_usable(caller))


@router.post(
    "/task/{task_id}/retry",
    dependencies=[requires(Scope.DETECT, images=1)],
    response_model=TaskAccepted,
    status_code=202,
    summary="Queue the image of a failed or cancelled task again, as a new task",
    responses={
        **errors(
            UnknownTaskError,
            TaskNotRetryableError,
            UploadExpiredError,
            InvalidParameterError,
            OverloadedError,
            QueueUnavailableError,
            StorageFullError,
        ),
        202: example(
            examples.TASK_ACCEPTED,
            "Queued; `Location` is where the result will be.",
            headers={"Location": {"schema": {"type": "string"}}},
        ),
    },
)
def retry_task(request: Request, task_id: str, services: ServicesDep) -> Response:
    _check_id(task_id)
    new_id = services.queue.retry(
        task_id,
        request_id=request.state.request_id,
        owner=owner_of(request),
        lane=request.state.caller.lane,
    )
    fields = {"task_id": new_id, "status": "processing", "message": "The image is queued again."}
    prefix = request.url.path.removesuffix(f"/task/{task_id}/retry")
    return json_response(fields, status_code=202, headers={"Location": f"{prefix}/task/{new_id}"})


def _check_id(task_id: str) -> None:
    if not _ID.fullmatch(task_id):
        raise UnknownTaskError
