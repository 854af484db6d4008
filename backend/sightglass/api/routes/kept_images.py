"""GET /predictions/{id}/image: the picture of a prediction, while it is kept."""

from __future__ import annotations

import os
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from sightglass.access.caller import Scope
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.openapi import errors
from sightglass.api.services import Services
from sightglass.errors import (
    ImageNotKeptError,
    InvalidParameterError,
    RetryLaterError,
    SightglassError,
    StorageUnavailableError,
)
from sightglass.intake.sniff import sniff
from sightglass.predictions.record import is_prediction_id
from sightglass.predictions.thumbnail import make_thumbnail

router = APIRouter(tags=["records"], dependencies=[requires(Scope.READ)])
# A page of the history asks for fifty at once: most of the processor must be left to the engine,
# and the threads of other routes to them.
_thumbnails = anyio.CapacityLimiter(max(1, min(4, (os.cpu_count() or 1) // 4)))
_HEADERS = {
    # A picture never changes, but it must not outlive its removal by long in a browser.
    "Cache-Control": "private, max-age=86400, immutable",
    # It is a stranger's file: should a browser ever take it for a page, it may do nothing.
    "Content-Security-Policy": "sandbox",
}


@router.get(
    "/predictions/{prediction_id}/image",
    summary="The picture of a prediction, while it is kept",
    response_class=Response,
    responses={
        **errors(ImageNotKeptError, InvalidParameterError, StorageUnavailableError),
        200: {
            "description": "As it was uploaded; with `size`, a small upright JPEG.",
            "content": {
                "image/*": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "the bytes of a JPEG",
                }
            },
        },
        304: {"description": "The picture is as `If-None-Match` has it."},
    },
)
async def show_prediction_image(
    request: Request,
    prediction_id: str,
    services: ServicesDep,
    size: Annotated[
        int | None, Query(ge=16, le=2048, description="Longest side of a thumbnail, in pixels.")
    ] = None,
    known: Annotated[str | None, Header(alias="If-None-Match", include_in_schema=False)] = None,
) -> Response:
    if not is_prediction_id(prediction_id):
        raise ImageNotKeptError
    headers = {**_HEADERS, "ETag": f'"{prediction_id}{f"-{size}" if size else ""}"'}
    if _matches(known, headers["ETag"]):
        if not await run_in_threadpool(services.kept_images.has, prediction_id):
            raise ImageNotKeptError
        return Response(status_code=304, headers=headers)
    if size is None:
        data = await run_in_threadpool(services.kept_images.get, prediction_id)
    else:
        data = await anyio.to_thread.run_sync(
            _thumbnail, request, services, prediction_id, size, limiter=_thumbnails
        )
    return _picture(data, prediction_id, headers)


def _matches(known: str | None, tag: str) -> bool:
    """Whether the browser has it; a proxy that compresses makes the tag a weak one."""
    return known is not None and tag in (one.strip().removeprefix("W/") for one in known.split(","))


def _thumbnail(request: Request, services: Services, prediction_id: str, size: int) -> bytes:
    """Runs in a thread, after others: who turned the page meanwhile waits no more."""
    if anyio.from_thread.run(request.is_disconnected):
        raise ClientDisconnect
    data = services.kept_images.get(prediction_id)
    try:
        return make_thumbnail(data, size, services.limits)
    except RetryLaterError:
        raise
    except SightglassError as error:  # damaged on the disk, or beyond limits set since
        raise ImageNotKeptError from error


def _picture(data: bytes, prediction_id: str, headers: dict[str, str]) -> Response:
    try:
        name = sniff(data)
    except SightglassError as error:  # damaged on the disk
        raise ImageNotKeptError from error
    shown = {"Content-Disposition": f'inline; filename="{prediction_id}.{name}"'}
    return Response(data, media_type=f"image/{name}", headers={**headers, **shown})
