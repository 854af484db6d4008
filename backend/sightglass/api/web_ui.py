"""/ui/: the built web UI, for the run without a web server in front.

Its own links are addresses of pages, not of files: whatever has no extension is `index.html`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Message, Receive, Scope, Send

from sightglass.api.access import open_to_all

PREFIX = "/ui"
INDEX = "index.html"
# Names that change with their content, as the build of Angular makes them.
_HASHED = re.compile(r"media/.+|.+-[A-Z0-9]{8}\.(js|css)")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))  # the smaller one first


def add_web_ui(app: FastAPI, folder: Path) -> None:
    """Serve the UI that was built into this folder, which has an `index.html`."""

    async def enter() -> Response:
        return RedirectResponse(f"{PREFIX}/")

    app.add_api_route(
        PREFIX,
        enter,
        methods=["GET", "HEAD"],
        include_in_schema=False,
        dependencies=[open_to_all("the files of the UI hold no data")],
    )
    app.mount(PREFIX, WebUi(folder))


class WebUi(StaticFiles):
    """Files of the build, compressed where the client and the build allow it."""

    path = PREFIX  # what its requests are counted under

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._root = Path(os.path.realpath(folder))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A page's address has no extension. What has one is a file, or 404."""
        is_page = not PurePosixPath(path).suffix
        return await super().get_response(INDEX if is_page else path, scope)

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        plain = Path(full_path)
        asked = Headers(scope=scope)
        path, encoding = _smallest(plain, _accepted(asked.get("accept-encoding", "")))
        name = plain.relative_to(self._root).as_posix()
        headers = {
            "Cache-Control": _FOR_EVER if _HASHED.fullmatch(name) else _ASK_FIRST,
            "Vary": "Accept-Encoding",
            **({"Content-Encoding": encoding} if encoding else {}),
        }
        # Sizes differ between the encodings, and so do the ETags made from them.
        found = path.stat() if encoding else stat_result
        response = BuiltFile(path, status_code, headers, filename=None, stat_result=found)
        if self.is_not_modified(response.headers, asked):
            return NotModifiedResponse(response.headers)
        return response


class BuiltFile(FileResponse):
    """A file. Starlette answers a Range that it cannot serve in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `HTTPException` 416. A Range that is not understood is ignored (RFC 9110 14.2)."""
        refused: dict[str, Any] = {}

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (400, 416):
                refused.update(message)
            elif not refused:
                await send(message)

        await super().__call__(scope, receive, watch)
        if refused.get("status") == 416:
            allowed = Headers(raw=refused["headers"])["content-range"]
            raise HTTPException(416, headers={"Content-Range": allowed})
        if refused:
            headers = [pair for pair in scope["headers"] if pair[0] != b"range"]
            await super().__call__({**scope, "headers": headers}, receive, send)


def _smallest(plain: Path, accepted: set[str]) -> tuple[Path, str | None]:
    """The file to send for `plain`, and its Content-Encoding."""
    for encoding, suffix in _ENCODINGS:
        compressed = plain.with_name(plain.name + suffix)
        if encoding in accepted and compressed.is_file():
            return compressed, encoding
    return plain, None


def _accepted(header: str) -> set[str]:
    """The encodings of an Accept-Encoding header, without those of quality 0."""
    found = set()
    for part in header.lower().split(","):
        name, _, quality = (word.strip() for word in part.partition(";"))
        if not re.fullmatch(r"q\s*=\s*0(\.0*)?", quality):
            found.add(name)
    return found
