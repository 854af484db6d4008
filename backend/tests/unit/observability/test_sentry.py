"""What leaves for Sentry: nothing without a DSN, and never a body, a secret or a person."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sightglass.observability.sentry import init_sentry, report, scrub
from sightglass.settings import Settings


class Collector(BaseHTTPRequestHandler):
    """Takes what the client sends, as Sentry would."""

    received: list[bytes]

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def sentry() -> Iterator[tuple[int, list[bytes]]]:
    received: list[bytes] = []
    handler = type("Handler", (Collector,), {"received": received})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, received
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_dsn_nothing_starts() -> None:
    assert init_sentry(Settings(_env_file=None), "api") is False
    report(RuntimeError("stays here"))


def test_error_is_sent_without_values_of_variables(sentry: tuple[int, list[bytes]]) -> None:
    port, received = sentry
    code = f"""
from sightglass.observability.sentry import init_sentry, report
from sightglass.settings import Settings
dsn = "http://key@127.0.0.1:{port}/1"
assert init_sentry(Settings(_env_file=None, sentry_dsn=dsn), "api")
def fail(image):
    raise RuntimeError("went wrong")
try:
    fail(bytes.fromhex("{b"IMAGEBYTES".hex()}"))
except RuntimeError as error:
    report(error, request_id="r1")
import sentry_sdk
sentry_sdk.flush(5)
"""
    environment = {"SENTRY_SPOTLIGHT": "", "NO_PROXY": "*", "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=30)
    sent = b"".join(_unpacked(body) for body in received)
    assert b"went wrong" in sent
    assert b'"r1"' in sent
    assert b'"api"' in sent
    assert b"IMAGEBYTES" not in sent
    assert b'"vars"' not in sent


def test_scrub_removes_people_bodies_and_secrets() -> None:
    event = {
        "user": {"ip_address": "10.1.2.3"},
        "server_name": "host",
        "request": {
            "url": "http://x/process-image?token=abc",
            "method": "POST",
            "data": "BODY",
            "headers": {"Authorization": "Bearer abc"},
            "cookies": {"a": "abc"},
        },
        "extra": {"api_key": "abc", "nested": {"password": "abc", "n": 1}, "image": b"abc"},
        "exception": {"values": [{"stacktrace": {"frames": [{"vars": {"v": "abc"}}]}}]},
    }
    scrubbed = scrub(event, {})  # type: ignore[arg-type]
    text = json.dumps(scrubbed)
    assert "abc" not in text
    assert "BODY" not in text
    assert "10.1.2.3" not in text
    assert '"n": 1' in text
    assert '"url": "http://x/process-image"' in text


def _unpacked(body: bytes) -> bytes:
    import gzip

    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
