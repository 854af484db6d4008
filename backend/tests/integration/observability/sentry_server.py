"""A stand-in for Sentry: a real HTTP server that takes envelopes and keeps what arrives."""

from __future__ import annotations

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class SentryServer:
    """On a free loopback port. With `answers=False` it takes connections and never answers."""

    def __init__(self, *, answers: bool = True) -> None:
        self._bodies: list[bytes] = []
        self.released = threading.Event()
        if answers:
            self.released.set()
        handler = type("Handler", (_Handler,), {"bodies": self._bodies, "released": self.released})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self._server.server_port}/1"

    def events(self) -> list[dict[str, Any]]:
        """The errors that arrived. An envelope: a line of headers, then a header and a payload for
        each of its items.
        """
        found = []
        for body in list(self._bodies):
            lines = body.split(b"\n")
            for header, payload in zip(lines[1::2], lines[2::2], strict=False):
                if header and json.loads(header)["type"] == "event":
                    found.append(json.loads(payload))
        return found

    def wait_for(self, count: int, seconds: float = 30.0) -> list[dict[str, Any]]:
        until = time.monotonic() + seconds
        while len(self.events()) < count:
            assert time.monotonic() < until, f"{len(self.events())} of {count} reports came"
            time.sleep(0.05)
        return self.events()

    def text(self) -> str:
        """All that arrived, to look for what must not be in it."""
        return b"\n".join(self._bodies).decode(errors="replace")

    def kinds(self) -> set[str]:
        """The types of all items."""
        return {
            json.loads(line)["type"]
            for body in self._bodies
            for line in body.split(b"\n")[1::2]
            if line
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[bytes]
    released: threading.Event

    def do_POST(self) -> None:
        assert self.path == "/api/1/envelope/", self.path
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.bodies.append(body)
        self.released.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""
