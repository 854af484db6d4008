"""POST /process-image: an image in, the objects in it out; now, or later as a task."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sightglass import intake
from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ParametersDep, ServicesDep
from sightglass.api.inference import deadline_of, owner_of, run_inference
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.request_body import IMAGE_BODY
from sightglass.api.schemas.predictions import PredictionAnswer
from sightglass.api.schemas.tasks import TaskAccepted
from sightglass.api.upload import receive_upload
from sightglass.errors import (
    BrokenBase64Error,
    BrokenImageError,
    BrokenJsonError,
    BrokenMultipartError,
    DeadlineExceededError,
    EmptyImageError,
    InferenceError,
    InvalidParameterError,
    JournalUnavailableError,
    MissingImageError,
    ModelUnavailableError,
    NotAnImageError,
    OverloadedError,
    QueueUnavailableError,
    ShuttingDownError,
    SightglassError,
    StorageFullError,
    TooManyBytesError,
    TooManyFramesError,
    TooManyImagesError,
    TooManyPixelsError,
    TruncatedImageError,
    UnknownModelError,
    UnsupportedTypeError,
    UploadTimeoutError,
)
from sightglass.predictions.answer import answer_of
from sightglass.predictions.record import Source
from sightglass.predictions.service import PredictionRequest

router = APIRouter(tags=["predict"], dependencies=[requires(Scope.DETECT, images=1)])
_UPLOAD_ERRORS: tuple[type[SightglassError], ...] = (
    *(NotAnImageError, EmptyImageError, BrokenImageError, TruncatedImageError),
    *(MissingImageError, BrokenMultipartError, BrokenBase64Error, BrokenJsonError),
    *(TooManyBytesError, TooManyPixelsError, TooManyFramesError, TooManyImagesError),
    *(UnsupportedTypeError, UploadTimeoutError, InvalidParameterError, UnknownModelError),
    *(OverloadedError, ModelUnavailableError, ShuttingDownError),
)
WaitSeconds = Annotated[
    float | None,
    Header(
        alias="X-Request-Timeout",
        gt=0,
        allow_inf_nan=False,
        description="Seconds the client waits, decimals allowed; capped by MAX_DEADLINE_SECONDS.",
        examples=[2.5],
    ),
]


@router.post(
    "/process-image",
    response_model=PredictionAnswer,
    response_model_exclude_none=True,
    summary="Detect objects in an image",
    openapi_extra=IMAGE_BODY,
    responses={
        **errors(*_UPLOAD_ERRORS, DeadlineExceededError, InferenceError, JournalUnavailableError),
        200: example(examples.PREDICTION, "The objects found, most confident first."),
    },
)
async def process_image(
    request: Request,
    services: ServicesDep,
    parameters: ParametersDep,
    wait_seconds: WaitSeconds = None,
) -> Response:
    settings, predictor = services.settings, services.get_predictor()
    options = parameters.options(predictor.info())
    deadline = deadline_of(request, settings, wait_seconds)
    # Before the body is received: refusing is cheap.
    services.admission.check(deadline, owner_of(request))
    began = time.perf_counter()
    upload = await receive_upload(request, services.limits, settings.upload_timeout_seconds)
    asked = PredictionRequest(
        source=Source.SYNC,
        options=options,
        image_name=upload.filename,
        request_id=request.state.request_id,
        deadline=deadline,
        receive_milliseconds=(time.perf_counter() - began) * 1000,
        annotate=parameters.annotate,
    )
    answer = await run_inference(request, services, upload.data, asked)
    fields = answer_of(answer.prediction, answer.annotated)
    timing = server_timing(answer.prediction.milliseconds)
    return json_response(fields, headers={"Server-Timing": timing})


@router.post(
    "/process-image/async",
    response_model=TaskAccepted,
    status_code=202,
    summary="Queue an image",
    openapi_extra=IMAGE_BODY,
    responses={
        **errors(*_UPLOAD_ERRORS, QueueUnavailableError, StorageFullError),
        202: example(
            examples.TASK_ACCEPTED,
            "Queued; `Location` is where the result will be.",
            headers={"Location": {"schema": {"type": "string"}}},
        ),
    },
)
async def queue_image(
    request: Request, services: ServicesDep, parameters: ParametersDep
) -> Response:
    settings = services.settings
    options = parameters.options(services.get_predictor().info())
    upload = await receive_upload(request, services.limits, settings.upload_timeout_seconds)
    intake.inspect(upload.data, services.limits)  # what is no image at all is refused at once
    task_id = await run_in_threadpool(
        services.queue.submit_image,
        upload.data,
        options=options,
        image_name=upload.filename,
        request_id=request.state.request_id,
        annotate=parameters.annotate,
        owner=owner_of(request),
        lane=request.state.caller.lane,
    )
    fields = {"task_id": task_id, "status": "processing", "message": "The image is queued."}
    prefix = request.url.path.removesuffix("/process-image/async")
    return json_response(fields, status_code=202, headers={"Location": f"{prefix}/task/{task_id}"})


def server_timing(milliseconds: dict[str, Any]) -> str:
    """The stages as a Server-Timing header, which browsers draw."""
    return ", ".join(f"{stage};dur={ms:.2f}" for stage, ms in milliseconds.items())
