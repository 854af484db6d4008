"""GET /: what this is and which routes it has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import RedirectResponse, Response

from sightglass import __version__
from sightglass.api import examples
from sightglass.api.access import open_to_all
from sightglass.api.deps import ServicesDep
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.platform import RootAnswer

router = APIRouter(
    tags=["platform"],
    dependencies=[open_to_all("it says what this is and sends browsers to the UI")],
)
_ENDPOINTS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "health": "/health",
    "metrics": "/metrics",
    "model": "/model/info",
    "process_image": "/process-image",
    "predictions": "/predictions",
}


@router.get(
    "/",
    response_model=RootAnswer,
    summary="Name, version and routes",
    responses={
        **errors(),
        200: example(examples.ROOT, "What this is."),
        307: {"description": "A browser (Accept: text/html) is sent to a page."},
    },
)
async def show_root(request: Request, services: ServicesDep) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(request.app.state.home_page)
    return json_response(
        {
            "name": "Sightglass",
            "version": __version__,
            "environment": services.settings.environment.value,
            "endpoints": _ENDPOINTS,
            "routes": _routes(request.app),
        }
    )


def _routes(app: FastAPI) -> list[dict[str, Any]]:
    return [
        {"path": path, "method": method.upper(), "description": operation["summary"]}
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
