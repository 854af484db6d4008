"""What every request gets: an id, a measured time, one access line, metrics and safe headers.

One plain ASGI layer, as it runs at every request: it must cost microseconds.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightglass.access.limiter import Allowance
from sightglass.observability import metrics
from sightglass.predictions.record import new_prediction_id

log = structlog.get_logger(__name__)

CLIENT_GONE = 499  # nginx's number for a client that left before its answer
UNMATCHED = "unmatched"
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# Asked all day, or a dozen at once: the files of the web UI.
_QUIET = frozenset({"/health", "/health/live", "/health/ready", "/metrics", "/ui"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
# Pages come from here alone; Swagger UI and Angular Material set styles from script.
_PAGE_POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    b"style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'self'; "
    b"object-src 'none'; frame-ancestors 'none'"
)


class RequestMiddleware:
    """The outermost layer. `on_error` makes the answer to an error that nobody caught."""

    def __init__(self, app: ASGIApp, on_error: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._on_error = on_error
        self._instruments: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        metrics.active_connections.inc()
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_GONE
        except Exception as error:
            answer = self._on_error(Request(scope), error)
            if exchange.status:
                raise  # too late for another answer: the server cuts the connection
            await answer(scope, receive, exchange.send)
        finally:
            metrics.active_connections.dec()
            self._account(scope, exchange)
            if exchange.came_to_nothing:
                await scope["app"].state.limiter.give_back(exchange.allowance)

    def _account(self, scope: Scope, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        endpoint = endpoint_of(scope)
        status = exchange.status or CLIENT_GONE
        counter, histogram = self._instruments_of(method, endpoint, status)
        counter.inc()
        if exchange.is_stream:  # how long a client stays says nothing about how fast we answer
            log.info("stream_ended", method=method, path=endpoint, seconds=round(seconds, 3))
            return
        histogram.observe(seconds)
        write = log.warning if status >= 500 else log.info
        if endpoint in _QUIET and status < 400:
            write = log.debug
        write("request", method=method, path=endpoint, status=status, ms=round(seconds * 1e3, 3))

    def _instruments_of(self, method: str, endpoint: str, status: int) -> tuple[Counter, Histogram]:
        key = (method, endpoint, status)
        if key not in self._instruments:
            self._instruments[key] = (
                metrics.http_requests.labels(method, endpoint, str(status)),
                metrics.http_request_duration.labels(method, endpoint),
            )
        return self._instruments[key]


class _Exchange:
    """One request and what was answered so far (`status` 0: nothing yet)."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.started = time.perf_counter()
        self.request_id = _request_id(scope["headers"])
        self.status = 0
        self.is_stream = False
        self._send = send
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id
        self._state["received_at"] = time.monotonic()

    @property
    def allowance(self) -> Allowance | None:
        """What the request left of its key's limits, when it was charged."""
        found: Allowance | None = self._state.get("allowance")
        return found

    @property
    def came_to_nothing(self) -> bool:
        """Whether an image was charged and refused. A client that left in between pays for it."""
        refused = self.status >= HTTPStatus.BAD_REQUEST and self.status != CLIENT_GONE
        return refused and self.allowance is not None and self.allowance.images > 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            names: dict[bytes, bytes] = dict(message.get("headers", ()))
            content_type = names.get(b"content-type", b"")
            self.is_stream = content_type.startswith(b"text/event-stream")
            message["headers"] = [*message.get("headers", ()), *self._headers(names)]
        await self._send(message)

    def _headers(self, names: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        seconds = time.perf_counter() - self.started
        page = names.get(b"content-type", b"").startswith(b"text/html")
        added = [
            (b"x-request-id", self.request_id.encode()),
            (b"x-process-time", b"%.6f" % seconds),
            *_SAFE_HEADERS,
        ]
        if self.status != HTTPStatus.NOT_MODIFIED:  # it would replace the policy of what is cached
            added.append((b"content-security-policy", _PAGE_POLICY if page else _DATA_POLICY))
        if b"cache-control" not in names:
            added.append((b"cache-control", b"no-store"))
        if self.allowance is not None:
            added += _allowance_headers(self.allowance)
        return added


def _allowance_headers(allowance: Allowance) -> list[tuple[bytes, bytes]]:
    """What is left, in the fields of the IETF's drafts on rate limits."""
    return [
        (b"ratelimit-limit", b"%d" % allowance.limit),
        (b"ratelimit-remaining", b"%d" % allowance.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(allowance.reset_seconds)),
    ]


def endpoint_of(scope: Scope) -> str:
    """The route's template, the same at the root and under /api; never the path itself."""
    # FastAPI names no route for what is mounted: the web UI says its path itself.
    reached: Any = scope.get("route") or scope.get("endpoint")
    return getattr(reached, "path", None) or UNMATCHED


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """The client's id when it is harmless, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return new_prediction_id()
