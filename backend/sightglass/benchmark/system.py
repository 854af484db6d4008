"""The system under test: the real processes, in a folder and on ports of their own.

They are started as a user starts them, through the command line, and stopped by their id.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from sightglass.errors import SetupError
from sightglass.settings import Settings
from sightglass.supervision import find_running

# What shapes the measured work. Addresses and folders are the benchmark's own.
_PASSED_ON = (
    "engine",
    "inference_precision",
    "inference_streams",
    "input_size",
    "max_input_shapes",
    "rectangular_input",
    "confidence_threshold",
    "iou_threshold",
    "max_detections",
    "max_file_size",
    "max_pixels",
    "queue_limit",
    "deadline_seconds",
    "log_level",
)
_NOT_INHERITED = (
    "DATABASE_URL",
    "ENVIRONMENT",  # a server in production would want a key
    "REQUIRE_API_KEYS",
    "METRICS_TOKEN",
    "BLOB_DIR",
    "SPOOL_DIR",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "PROMETHEUS_MULTIPROC_DIR",
    "REDIS_URL",
    "SENTRY_DSN",
    "WORKERS",
)
_HOST = "127.0.0.1"


def environment_of(settings: Settings, **extra: str) -> dict[str, str]:
    """The environment of a measured process: the user's model and engine, nothing else."""
    environment = {k: v for k, v in os.environ.items() if k.upper() not in _NOT_INHERITED}
    for name in _PASSED_ON:
        value = getattr(settings, name)
        if value is not None:
            environment[name.upper()] = str(value)
    environment["MODEL_PATH"] = str(settings.model_path.absolute())
    return environment | extra


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Server:
    """One started command and the address of its API."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    started_at: float  # time.perf_counter() at exec
    host: str = _HOST

    def get(self, path: str, timeout: float = 2.0) -> tuple[int, bytes]:
        """Status and body; status 0 when nobody answers."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def wait_until_ready(self, timeout: float = 60.0) -> float:
        """Seconds from exec to the first 200 of /health/ready. Raises `SetupError`."""
        while time.perf_counter() - self.started_at < timeout:
            if self.get("/health/ready")[0] == 200:
                return time.perf_counter() - self.started_at
            self._check_alive()
            time.sleep(0.005)
        raise SetupError(f"Not ready after {timeout:.0f} s:\n{self._log_end()}")

    def wait_until_healthy(self, timeout: float = 120.0) -> None:
        """Wait until /health calls every service healthy. Raises `SetupError`."""
        self.wait_until_ready(timeout)
        answer: dict[str, Any] = {}
        while time.perf_counter() - self.started_at < timeout:
            _, body = self.get("/health")
            answer = orjson.loads(body) if body else answer
            if answer.get("status") == "healthy":
                return
            self._check_alive()
            time.sleep(0.25)
        raise SetupError(f"Not healthy after {timeout:.0f} s: {answer.get('services')}")

    def tree(self) -> list[psutil.Process]:
        """The command and everything that it started."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def resident_bytes(self, word: str | None = None) -> int:
        """Resident memory of the tree, or of those of its commands that contain `word`."""
        total = 0
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if word is None or word in process.cmdline():
                    total += process.memory_info().rss
        return total

    def cpu_seconds(self) -> float:
        """CPU time of the tree so far."""
        total = 0.0
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def settle(self, timeout: float = 60.0, busy: float = 0.15) -> tuple[float, float]:
        """Wait until the tree uses less than `busy` of a core: the drain has caught up.

        Returns the seconds that took and the CPU seconds used meanwhile.
        """
        began, cpu_began = time.perf_counter(), self.cpu_seconds()
        quiet_since, last = time.perf_counter(), cpu_began
        settled_at, cpu_settled = began, cpu_began
        while time.perf_counter() - began < timeout:
            time.sleep(0.25)
            now, cpu = time.perf_counter(), self.cpu_seconds()
            if cpu - last > busy * 0.25:
                quiet_since, settled_at, cpu_settled = now, now, cpu
            elif now - quiet_since >= 0.75:
                break
            last = cpu
        return settled_at - began, cpu_settled - cpu_began

    def stop(self) -> None:
        """Ask, wait, and end what is left by its id."""
        tree = self.tree()
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        _, alive = psutil.wait_procs(tree, timeout=2)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)

    def _check_alive(self) -> None:
        if self.process.poll() is not None:
            raise SetupError(f"`sightglass` ended while starting:\n{self._log_end()}")

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


@contextmanager
def started(command: str, settings: Settings, folder: Path, **extra: str) -> Iterator[Server]:
    """Run `sightglass COMMAND` with its state in `folder`; stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    arguments = [sys.executable, "-m", "sightglass.cli", command, "--host", _HOST]
    arguments += ["--port", str(port), "--state-dir", str(folder / "state")]
    log = folder / f"{command}.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
            arguments,
            cwd=folder,  # away from the user's .env
            env=environment_of(settings, **extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the benchmark, which stops it in order
        )
    server = Server(process, port, log, began)
    try:
        yield server
    finally:
        server.stop()


def services_of(folder: Path, timeout: float = 60.0) -> dict[str, str]:
    """The settings that lead to the services of the `up` whose state is in `folder`.

    Raises `SetupError` when it does not announce them in time.
    """
    ends = time.perf_counter() + timeout
    while time.perf_counter() < ends:
        if found := find_running(folder / "state"):
            return {"REDIS_URL": found["redis"], "MLFLOW_TRACKING_URI": found["mlflow"]}
        time.sleep(0.1)
    raise SetupError(f"`sightglass up` has not announced its services after {timeout:.0f} s.")
