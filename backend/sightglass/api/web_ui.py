"""/ui/: the built web UI, for the run without a web server in front.

Its own links are addresses of pages, not of files: whatever has no extension is `index.html`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

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

    app.add_api_route(PREFIX, enter, methods=["GET", "HEAD"], include_in_schema=False)
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
        response = FileResponse(path, status_code, headers, filename=None, stat_result=found)
        if self.is_not_modified(response.headers, asked):
            return NotModifiedResponse(response.headers)
        return response


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
