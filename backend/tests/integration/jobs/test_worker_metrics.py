"""The port for the metrics of a worker that shares no folder with an API."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import httpx

from tests.integration.servers import RedisServer, Server, free_port


class Worker(Server):
    """`sightglass worker` with a port for its metrics."""

    start_seconds = 60.0

    def __init__(self, folder: Path, redis_url: str, **environment: str) -> None:
        super().__init__(folder, free_port())
        self._redis_url = redis_url
        self._environment = environment

    def command(self) -> list[str]:
        return [sys.executable, "-m", "sightglass.cli", "worker"]

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
        return {
            **inherited,
            "STATE_DIR": str(self.folder / "state"),
            "REDIS_URL": self._redis_url,
            "WORKER_METRICS_PORT": str(self.port),
            "TMPDIR": str(self.folder),  # killed, it cannot remove its metrics folder
            **self._environment,
        }

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"


def test_worker_answers_scrapes(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis, Worker(tmp_path / "worker", redis.url) as worker:
        text = httpx.get(worker.url, timeout=5, trust_env=False).text
    assert "model_info{" in text
    assert 'model_name="street"' in text
    # From its start: the first tasks that fail are an increase, and no share of 100 %.
    assert 'tasks_total{status="completed",task="process_image"} 0.0' in text
    assert 'tasks_total{status="failed",task="process_image"} 0.0' in text
