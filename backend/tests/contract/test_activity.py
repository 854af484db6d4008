"""GET /activity of real processes: what was asked of them shows up, within seconds."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightglass.api.schemas.activity import ActivityAnswer
from sightglass.jobs.names import heartbeat_key
from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.hostile import pictures
from tests.integration.servers import RedisServer

# Longer than a step, the time until it is shown, and a busy machine.
SHOWN_SECONDS = 30.0


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Of its own: other tests' requests would be counted, and one test ends it."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


class Worker(ApiServer):
    """`sightglass worker` in a container of its own: it shares no metrics folder."""

    def __init__(self, folder: Path, redis: RedisServer, **settings: object) -> None:
        super().__init__(folder, redis.url, **settings)
        self._redis = redis

    def command(self) -> list[str]:
        return [sys.executable, "-m", "sightglass.cli", "worker"]

    def answers(self) -> bool:
        with self._redis.client() as client:
            return bool(client.exists(heartbeat_key("worker")))


def replica(folder: Path, redis: RedisServer) -> ApiServer:
    return ApiServer(folder, redis.url, prometheus_multiproc_dir=metrics_folder(folder))


def metrics_folder(folder: Path) -> Path:
    metrics = folder / "metrics"
    metrics.mkdir(parents=True)
    return metrics


def detect(server: ApiServer, times: int) -> None:
    files = {"file": ("a.jpg", pictures.jpeg(), "image/jpeg")}
    with server.client() as client:
        for _ in range(times):
            assert client.post("/process-image", files=files).status_code == 200


def activity(server: ApiServer, minutes: int = 5) -> dict[str, Any]:
    with server.client() as client:
        answer = client.get("/activity", params={"minutes": minutes})
    assert answer.status_code == 200, answer.text
    ActivityAnswer.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


def predicted(found: dict[str, Any]) -> int:
    rates = found["predictions"]["succeeded"]
    seconds: int = found["step_seconds"]
    return round(sum(rate or 0.0 for rate in rates) * seconds)


def wait_for(server: ApiServer, predictions: int) -> dict[str, Any]:
    """The activity, once it shows so many predictions or more."""
    until = time.monotonic() + SHOWN_SECONDS
    while True:
        found = activity(server)
        if predicted(found) >= predictions:
            return found
        assert time.monotonic() < until, f"{predicted(found)} of {predictions} are shown"
        time.sleep(0.5)


def test_two_replicas_and_a_crash(tmp_path: Path, own_redis: RedisServer) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(replica(tmp_path / "one", own_redis))
        other = stack.enter_context(replica(tmp_path / "other", own_redis))
        detect(one, 5)
        detect(other, 3)
        found = wait_for(one, 8)
        assert predicted(found) == 8
        steps = [step for step in found["latency_ms"]["p95"] if step is not None]
        assert steps
        assert all(0 < milliseconds < 30_000 for milliseconds in steps)
        assert found["stage_ms"]["inference"]
        assert found["journal_lag_seconds"][-1] is not None

        detect(one, 2)
        one.kill()
        one.start()  # on the same folder: what was counted before it died is not lost
        detect(one, 4)
        assert predicted(wait_for(other, 14)) == 14


def test_worker_elsewhere_counts_too(tmp_path: Path, own_redis: RedisServer) -> None:
    api = replica(tmp_path / "api", own_redis)
    folder = tmp_path / "worker"
    worker = Worker(
        folder,
        own_redis,
        state_dir=api.folder / "state",
        prometheus_multiproc_dir=metrics_folder(folder),
    )
    with api, worker, api.client() as client:
        files = {"file": ("a.jpg", pictures.jpeg(), "image/jpeg")}
        for _ in range(3):
            assert client.post("/process-image/async", files=files).status_code == 202
        found = wait_for(api, 3)
    assert predicted(found) == 3
    assert [length for length in found["queue_length"] if length is not None]


def test_redis_away_is_said_so(tmp_path: Path, own_redis: RedisServer) -> None:
    with replica(tmp_path / "api", own_redis) as server, server.client() as client:
        own_redis.kill()
        assert_problem(client.get("/activity"), 503, "queue_unavailable")
        own_redis.start()
        assert client.get("/activity").status_code == 200


@pytest.mark.parametrize(
    ("minutes", "step_seconds", "points"),
    [(5, 10, 30), (60, 10, 360), (120, 20, 360), (121, 60, 121), (1440, 240, 360)],
)
def test_steps_fit_the_time(
    client: httpx.Client, minutes: int, step_seconds: int, points: int
) -> None:
    found = client.get("/activity", params={"minutes": minutes}).json()
    assert found["step_seconds"] == step_seconds
    times = found["times"]
    assert len(times) == points
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {step_seconds}
    assert times[-1] + step_seconds <= time.time() < times[-1] + 2 * step_seconds + 5
    for name in ("requests", "predictions", "latency_ms"):
        assert {len(series) for series in found[name].values()} == {points}
    for name in ("confidence", "queue_length", "journal_lag_seconds"):
        assert len(found[name]) == points


@pytest.mark.parametrize("minutes", ["4", "1441", "x", ""])
def test_time_out_of_range(client: httpx.Client, minutes: str) -> None:
    answer = client.get("/activity", params={"minutes": minutes})
    assert_problem(answer, 422, "invalid_parameter")
