"""Health of services that are there, away, or silent."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from sightglass.jobs import names
from sightglass.jobs.health import HealthChecks, ServiceHealth
from sightglass.jobs.heartbeat import Heartbeat
from sightglass.settings import Settings
from sightglass.storage.database import migrate
from tests.integration.jobs.conftest import until
from tests.integration.servers import RedisServer


def _check_all(settings: Settings) -> dict[str, ServiceHealth]:
    checks = HealthChecks(settings)
    try:
        return checks.check_all()
    finally:
        checks.close()


class _Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def web_server() -> Iterator[str]:
    """Answers /health as MLflow's server does, and starts at once."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_all_are_up(settings: Settings, web_server: str) -> None:
    here = settings.model_copy(update={"mlflow_tracking_uri": web_server})
    settings.state_dir.mkdir()
    migrate(settings.resolved_database_url)
    beats = [Heartbeat(settings.redis_url, name) for name in ("worker", "beat", "drain")]
    for beat in beats:
        beat.start()
    until(lambda: {health.status for health in _check_all(here).values()} == {"up"}, 5)
    beats[0].close()
    assert _check_all(here)["worker"].status == "down"
    for beat in beats[1:]:
        beat.close()


def test_nothing_is_there(settings: Settings, redis_server: RedisServer) -> None:
    redis_server.kill()
    found = _check_all(settings)
    assert {name: health.status for name, health in found.items()} == {
        "redis": "down",
        "mlflow": "down",
        "database": "unknown",
        "storage": "up",
        "worker": "unknown",
        "beat": "unknown",
        "drain": "unknown",
    }


def test_silent_redis_does_not_hold_the_answer(
    settings: Settings, redis_server: RedisServer
) -> None:
    redis_server.pause()
    started = time.monotonic()
    found = _check_all(settings)
    took = time.monotonic() - started
    redis_server.resume()
    assert found["redis"].status == "down"
    assert took < 2


def test_published(settings: Settings, redis_server: RedisServer) -> None:
    checks = HealthChecks(settings)
    checks.publish(checks.check_all())
    checks.close()
    with redis_server.client() as client:
        assert client.ttl(names.LAST_HEALTH) in (2, 3)
