"""/docs: Swagger UI with files from the `fastapi-swagger` package; no other host is asked."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from sightglass.api.access import open_to_all
from sightglass.api.json_response import json_response

_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_CACHED = {"Cache-Control": "public, max-age=86400"}
# Paths are relative, so that the page works at the root, under /api and behind a proxy.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sightglass API</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
"""
_START = """\
SwaggerUIBundle({
  url: new URL("openapi.json", window.location.href).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
"""

router = APIRouter(
    include_in_schema=False,
    dependencies=[open_to_all("documentation; a key for trying it is typed into the page")],
)


@router.get("/docs")
async def show_docs() -> Response:
    return HTMLResponse(_PAGE)


@router.get("/docs/start.js")
async def start_docs() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/openapi.json")
async def show_openapi(request: Request) -> Response:
    app: FastAPI = request.app
    return json_response(app.openapi())


@router.get("/docs/{name}")
async def serve_asset(name: str) -> Response:
    if name not in _MEDIA_TYPES:
        raise HTTPException(404)
    path = Path(str(files("fastapi_swagger.resources").joinpath(name)))
    return FileResponse(path, media_type=_MEDIA_TYPES[name], headers=_CACHED)
