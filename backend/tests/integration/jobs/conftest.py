"""A Redis, settings for it, and worker processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_state import TaskState
from sightglass.settings import Settings
from tests.integration.servers import RedisServer, free_port

T = TypeVar("T")
ENTRY = Path(__file__).with_name("worker_entry.py")
VISIBILITY_SECONDS = 2


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def settings(redis_server: RedisServer, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        redis_url=redis_server.url,
        mlflow_tracking_uri=f"http://127.0.0.1:{free_port()}",
        state_dir=tmp_path / "state",
        task_visibility_timeout_seconds=VISIBILITY_SECONDS,
        task_max_attempts=3,
        health_interval_seconds=1,
    )


@pytest.fixture
def queue(settings: Settings) -> Iterator[JobQueue]:
    queue = JobQueue(settings)
    yield queue
    queue.close()


class Processes:
    """Workers and beats over the same settings; all are ended with the test."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.notes = folder / "notes.txt"
        self._log = folder / "workers.log"
        self._running: list[subprocess.Popen[bytes]] = []
        self._environment = {
            **os.environ,
            "REDIS_URL": settings.redis_url,
            "STATE_DIR": str(settings.state_dir),
            "TASK_VISIBILITY_TIMEOUT_SECONDS": str(settings.task_visibility_timeout_seconds),
            "TASK_MAX_ATTEMPTS": str(settings.task_max_attempts),
            "HEALTH_INTERVAL_SECONDS": str(settings.health_interval_seconds),
        }

    def start(self, kind: str = "worker") -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(ENTRY), kind, str(self.notes)],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._running.append(process)
        return process

    def lines(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def processes(settings: Settings, tmp_path: Path) -> Iterator[Processes]:
    started = Processes(settings, tmp_path)
    yield started
    started.end()


def until(found: Callable[[], T], seconds: float = 20.0) -> T:
    """Ask until the answer is truthy; the test fails when it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer


def ended(queue: JobQueue, task_id: str, seconds: float = 20.0) -> TaskState:
    """The state of a task once it is final."""
    until(lambda: queue.store.get(task_id).status.is_final, seconds)
    return queue.store.get(task_id)
