"""JSON answers by orjson: fast, and a NaN becomes null instead of an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response


def json_response(
    fields: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(fields),
        status_code=status_code,
        media_type="application/json",
        headers=headers,
    )
