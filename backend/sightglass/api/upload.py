"""Receives the bytes of an upload: counted while they arrive, in time, then taken out of their
envelope (multipart, the image itself, or base64 in JSON).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request

from sightglass.errors import (
    TooManyBytesError,
    UnsupportedTypeError,
    UploadTimeoutError,
)
from sightglass.intake.bodies import Upload, parse_base64_json, parse_multipart
from sightglass.intake.limits import IntakeLimits

# Room for what surrounds the image: part headers and other form fields, or JSON around base64.
_ENVELOPE_BYTES = 64 * 1024


async def receive_upload(request: Request, limits: IntakeLimits, timeout_seconds: float) -> Upload:
    """The image in the body. Raises `TooManyBytesError` as soon as it is known to be too large,
    `UploadTimeoutError`, `UnsupportedTypeError`, and the errors of a broken envelope.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    open_envelope, max_body = _envelope(media_type, content_type, limits)
    try:
        async with asyncio.timeout(timeout_seconds):
            body = await _read(request, max_body, limits.max_bytes)
    except TimeoutError:
        raise UploadTimeoutError from None
    return open_envelope(body)


def _envelope(
    media_type: str, content_type: str, limits: IntakeLimits
) -> tuple[Callable[[bytes], Upload], int]:
    """How to open a body of this type, and the most bytes it may have."""
    if media_type == "multipart/form-data":
        return (
            lambda body: parse_multipart(body, content_type, limits),
            limits.max_bytes + _ENVELOPE_BYTES,
        )
    if media_type == "application/json":
        encoded = limits.max_bytes * 4 // 3 * 78 // 76  # a line break in every 76 characters
        return lambda body: parse_base64_json(body, limits), encoded + _ENVELOPE_BYTES
    if media_type.startswith("image/") or media_type == "application/octet-stream":
        return lambda body: Upload(body, None, media_type), limits.max_bytes
    raise UnsupportedTypeError(
        "Send multipart/form-data, an image/* body, or application/json.",
        supported=["multipart/form-data", "image/*", "application/json"],
    )


async def _read(request: Request, max_body: int, max_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_body:
        raise _too_many(max_bytes)
    chunks: list[bytes] = []
    received = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        received += len(chunk)
        if received > max_body:
            raise _too_many(max_bytes)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_many(max_bytes: int) -> TooManyBytesError:
    return TooManyBytesError(f"The image may have {max_bytes} bytes.", max_bytes=max_bytes)
