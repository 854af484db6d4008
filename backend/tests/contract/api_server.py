"""The API as a real process, started by the command line, for tests that talk HTTP to it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import httpx
import psutil

from tests.integration.servers import Server


class ApiServer(Server):
    """`sightglass serve` with its state in a folder of its own."""

    start_seconds = 60.0

    def __init__(self, folder: Path, redis_url: str, **settings: object) -> None:
        super().__init__(folder)
        self._redis_url = redis_url
        self._settings = settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "sightglass.cli", "serve", "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "STATE_DIR": str(self.folder / "state"),
            "REDIS_URL": self._redis_url,
            # Of its own: what a killed server was doing would be counted for ever in a shared one.
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics_dir()),
            # Nothing listens there: these tests see an absent MLflow.
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
            **{name.upper(): str(value) for name, value in self._settings.items()},
        }

    def _metrics_dir(self) -> Path:
        folder = self.folder / "metrics"
        folder.mkdir(exist_ok=True)
        return folder

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def drain(self) -> DrainProcess:
        """The drain that belongs to this API; start it with `with`."""
        return DrainProcess(self.folder, self._redis_url, **self._settings)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def resident_bytes(self) -> int:
        return int(psutil.Process(self.pid).memory_info().rss)

    def log_lines(self) -> list[dict[str, object]]:
        lines = self.log_path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class DrainProcess(ApiServer):
    """`sightglass drain` on the state and Redis of an API."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "sightglass.cli", "drain"]

    def answers(self) -> bool:
        return self._process is not None and self._process.poll() is None
