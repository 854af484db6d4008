"""Flower as a real process beside a real worker: what it meters, shows and refuses."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sightglass.jobs import names
from sightglass.jobs.queue import JobQueue
from sightglass.settings import Settings
from tests.hostile import pictures
from tests.integration.jobs.conftest import ended, until
from tests.integration.jobs.test_worker_metrics import Worker
from tests.integration.servers import RedisServer, Server

pytestmark = pytest.mark.serial


class FlowerProcess(Server):
    """`sightglass flower` under a prefix, as behind nginx."""

    start_seconds = 60.0

    def __init__(self, folder: Path, redis_url: str) -> None:
        super().__init__(folder)
        self._redis_url = redis_url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/flower"

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--url-prefix", "/flower"]
        return [sys.executable, "-m", "sightglass.cli", "flower", *options]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "REDIS_URL": self._redis_url,
            "CELERY_TASK_EVENTS": "true",
            # So that only being read only stands between a stranger and the workers.
            "FLOWER_UNAUTHENTICATED_API": "true",
        }

    def answers(self) -> bool:
        try:
            return self.get("/healthcheck").is_success
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=10, trust_env=False)

    def post(self, path: str) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", timeout=10, trust_env=False)

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture
def flower(redis_server: RedisServer, tmp_path: Path) -> Iterator[FlowerProcess]:
    with FlowerProcess(tmp_path / "flower", redis_server.url) as server:
        yield server


def test_tasks_of_a_worker_are_metered(
    flower: FlowerProcess, redis_server: RedisServer, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None, redis_url=redis_server.url, state_dir=tmp_path / "worker" / "state"
    )
    queue = JobQueue(settings)
    with Worker(tmp_path / "worker", redis_server.url, CELERY_TASK_EVENTS="true") as worker:
        # Flower is told by the worker's next sign of life, also when it came later.
        until(lambda: flower.value("flower_worker_online") == 1, 30)
        task_ids = [queue.submit_image(pictures.jpeg()) for _ in range(3)]
        for task_id in task_ids:
            assert ended(queue, task_id, 30).status == "completed"
        task = names.PROCESS_IMAGE
        until(
            lambda: flower.value("flower_events_total", type="task-succeeded", task=task) == 3, 30
        )
        assert flower.value("flower_events_total", type="task-received", task=task) == 3
        assert flower.value("flower_task_runtime_seconds_count", task=task) == 3
        assert flower.value("flower_task_runtime_seconds_sum", task=task) > 0
        page = flower.get(f"/task/{task_ids[0]}")
        assert (page.status_code, "SUCCESS" in page.text) == (200, True)
        worker.stop()
        until(lambda: flower.value("flower_worker_online") == 0, 30)
    queue.close()
    # Only its own and the interpreter's: ours come from the processes that they are about.
    text = flower.get("/metrics").text
    assert "http_requests_total" not in text
    assert "active_connections" not in text


def test_every_queue_is_shown(flower: FlowerProcess, redis_server: RedisServer) -> None:
    with redis_server.client() as redis:
        redis.rpush(names.QUEUES[1], "a message")
    page = flower.get("/broker")
    assert page.status_code == 200
    assert [name for name in names.QUEUES if f'id="{name}"' not in page.text] == []


def test_nothing_can_be_changed(flower: FlowerProcess) -> None:
    for path in (
        "/api/worker/shutdown/celery@x",
        "/api/worker/pool/grow/celery@x",
        "/api/worker/queue/add-consumer/celery@x?queue=images",
        f"/api/task/send-task/{names.PROCESS_IMAGE}",
        f"/api/task/async-apply/{names.PROCESS_IMAGE}",
        f"/api/task/apply/{names.PROCESS_IMAGE}",
        "/api/task/revoke/1",
        "/api/task/abort/1",
    ):
        assert flower.post(path).status_code == 403, path


def test_it_logs_as_all_do_and_stops_in_order(flower: FlowerProcess) -> None:
    flower.get("/no-such-page")
    flower.stop()
    lines = [json.loads(line) for line in flower.log_path.read_text().splitlines()]
    assert {line["component"] for line in lines} == {"flower"}
    assert lines[-1]["event"] == "stopped"
