"""Routes with a small JSON body: the framework by itself would take any size into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

from sightglass.api.access import access_of
from sightglass.errors import InvalidParameterError, TooManyBytesError, UploadTimeoutError

MAX_BODY_BYTES = 1 << 20


class SmallBodyRoute(APIRoute):
    """Answers 413 above `MAX_BODY_BYTES`, 408 when the body comes too slowly, and 422 when it is
    no JSON. The handler itself must raise errors of `sightglass.errors` only.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        access = access_of(self)

        async def handle_small(request: Request) -> Response:
            if access:  # before a stranger's body is taken in
                await access(request)
            body = await _read(request)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            try:
                return await handle(Request(request.scope, receive))
            except HTTPException as error:  # all that the framework says of such bytes
                raise InvalidParameterError("The body is not JSON in UTF-8.") from error

        return handle_small


async def _read(request: Request) -> bytes:
    timeout_seconds = request.app.state.services.settings.upload_timeout_seconds
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TooManyBytesError(f"The body may have {MAX_BODY_BYTES} bytes.")
    except TimeoutError:
        raise UploadTimeoutError from None
    return bytes(body)
