"""What every answer carries, and what is counted and logged of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import REGISTRY
from starlette.responses import HTMLResponse, Response
from structlog.testing import capture_logs

from sightglass.api.error_handlers import add_error_handlers, unexpected
from sightglass.api.middleware import RequestMiddleware
from tests.unit.api.asgi_client import AsgiClient


@pytest.fixture
def client() -> AsgiClient:
    app = FastAPI(openapi_url=None)
    router = APIRouter()

    @router.get("/middleware-test/{number}")
    async def show_number(number: int) -> dict[str, int]:
        return {"number": number}

    @router.get("/middleware-page")
    async def show_page() -> Response:
        return HTMLResponse("<p>hello</p>", headers={"Cache-Control": "public"})

    @router.get("/middleware-stream")
    async def stream() -> Response:
        return Response("data: 1\n\n", media_type="text/event-stream")

    @router.get("/middleware-broken")
    async def break_down() -> None:
        raise RuntimeError("broken")

    app.include_router(router)
    app.include_router(router, prefix="/api")
    add_error_handlers(app)
    app.add_middleware(RequestMiddleware, on_error=unexpected)
    return AsgiClient(app)


def requests_counted(method: str, endpoint: str, status: str) -> float:
    labels = {"method": method, "endpoint": endpoint, "status": status}
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0.0


def requests_timed(method: str, endpoint: str) -> float:
    labels = {"method": method, "endpoint": endpoint}
    return REGISTRY.get_sample_value("http_request_duration_seconds_count", labels) or 0.0


def access_lines(logs: list[Any]) -> list[Any]:
    return [line for line in logs if line["event"] == "request"]


def test_a_sane_request_id_is_kept(client: AsgiClient) -> None:
    answer = client.get("/middleware-test/1", headers={"X-Request-ID": "My.request_1-a"})
    assert answer.headers["x-request-id"] == "My.request_1-a"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "a\tb", "<script>", "ä", "a/b"])
def test_another_request_id_is_replaced(client: AsgiClient, bad: str) -> None:
    answer = client.get("/middleware-test/1", headers={"X-Request-ID": bad.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_every_answer_is_timed_and_safe(client: AsgiClient) -> None:
    for path, status in (
        ("/middleware-test/1", 200),
        ("/middleware-broken", 500),
        ("/nothing", 404),
    ):
        answer = client.get(path)
        assert answer.status_code == status
        assert 0 < float(answer.headers["x-process-time"]) < 5
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


def test_a_page_may_load_its_own_scripts_only(client: AsgiClient) -> None:
    answer = client.get("/middleware-page")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "script-src" not in policy
    assert answer.headers["cache-control"] == "public"


def test_requests_are_counted_by_template_and_api_prefix_is_folded(client: AsgiClient) -> None:
    before = requests_counted("GET", "/middleware-test/{number}", "200")
    for path in ("/middleware-test/1", "/middleware-test/2", "/api/middleware-test/3"):
        assert client.get(path).status_code == 200
    assert requests_counted("GET", "/middleware-test/{number}", "200") == before + 3


def test_unknown_paths_share_one_endpoint(client: AsgiClient) -> None:
    before = requests_counted("GET", "unmatched", "404")
    client.get("/made-up-1")
    client.get("/made-up-2")
    assert requests_counted("GET", "unmatched", "404") == before + 2


def test_invented_methods_share_one_name(client: AsgiClient) -> None:
    before = requests_counted("OTHER", "/middleware-test/{number}", "405")
    client.request("BREW", "/middleware-test/1")
    client.request("BOIL", "/middleware-test/1")
    assert requests_counted("OTHER", "/middleware-test/{number}", "405") == before + 2


def test_active_connections_return_to_zero(client: AsgiClient) -> None:
    client.get("/middleware-test/1")
    client.get("/middleware-broken")
    assert REGISTRY.get_sample_value("active_connections") == 0


def test_one_access_line_without_the_path_itself(client: AsgiClient) -> None:
    with capture_logs() as logs:
        client.get("/middleware-test/17?secret=1")
    (line,) = access_lines(logs)
    assert line["method"] == "GET"
    assert line["path"] == "/middleware-test/{number}"
    assert line["status"] == 200
    assert line["ms"] > 0
    assert "secret" not in str(line)


def test_stream_is_counted_and_not_timed(client: AsgiClient) -> None:
    before = requests_counted("GET", "/middleware-stream", "200")
    with capture_logs() as logs:
        client.get("/middleware-stream")
        client.get("/middleware-test/1")
    assert requests_counted("GET", "/middleware-stream", "200") == before + 1
    assert requests_timed("GET", "/middleware-stream") == 0
    assert requests_timed("GET", "/middleware-test/{number}") > 0
    assert [line["path"] for line in access_lines(logs)] == ["/middleware-test/{number}"]
    (line,) = [line for line in logs if line["event"] == "stream_ended"]
    assert line["path"] == "/middleware-stream"


def test_unhandled_error_is_logged_with_its_traceback(client: AsgiClient) -> None:
    with capture_logs() as logs:
        client.get("/middleware-broken")
    (error,) = [line for line in logs if line["event"] == "unhandled_error"]
    assert isinstance(error["exc_info"], RuntimeError)
    assert access_lines(logs)[0]["log_level"] == "warning"
