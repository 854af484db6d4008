"""Problem details (RFC 9457): the one shape of every error answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


def problem_fields(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    instance: str,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON of an error. `code` is stable; `detail` is for people and may change."""
    return {
        **(details or {}),
        "type": f"urn:sightglass:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        "instance": instance,
    }


def problem_response(
    fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(fields, default=str),
        status_code=fields["status"],
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )
