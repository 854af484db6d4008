"""The end of an API process: nothing left behind, and nobody who stopped reading holds it up."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from sightglass.jobs.queue import JobQueue
from sightglass.settings import Settings
from tests.contract.api_server import ApiServer
from tests.integration.jobs.conftest import until
from tests.integration.servers import RedisServer

GRACE_SECONDS = 40
ROW_BYTES = 200_000
LARGE_BYTES = 30_000_000


@contextmanager
def deaf_client(server: ApiServer, path: str) -> Iterator[None]:
    """Asks, reads the first bytes of the answer and then no more."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        yield


def seconds_to_stop(server: ApiServer) -> float:
    process = psutil.Process(server.pid)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(GRACE_SECONDS + 10)
    return time.monotonic() - began


def waiting_bytes(server: ApiServer) -> int:
    """What the kernel still holds of the server's answers: they are larger than it takes."""
    found = 0
    for line in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues, *_ = line.split()
        if int(local.rpartition(":")[2], 16) == server.port:
            found += int(queues.partition(":")[0], 16)
    return found


@pytest.mark.parametrize("path", ["/ui/large.bin", "/tasks/events"])
def test_client_that_stopped_reading_does_not_delay_the_end(
    tmp_path: Path, redis_server: RedisServer, path: str
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("x")
    (site / "large.bin").write_bytes(bytes(LARGE_BYTES))
    server = ApiServer(
        tmp_path / "api", redis_server.url, shutdown_grace_seconds=GRACE_SECONDS, ui_dir=site
    )
    with server, deaf_client(server, path):
        if path == "/tasks/events":
            _tell_of_many_tasks(server, redis_server)
        until(lambda: waiting_bytes(server) > 50_000)
        assert seconds_to_stop(server) < GRACE_SECONDS / 2


def _tell_of_many_tasks(server: ApiServer, redis_server: RedisServer) -> None:
    settings = Settings(
        _env_file=None, redis_url=redis_server.url, state_dir=Path(server.folder) / "state"
    )
    queue = JobQueue(settings)
    tasks = [queue.submit_image(b"x", image_name="n" * ROW_BYTES) for _ in range(60)]
    time.sleep(1)  # so that the server has read them: rows are sent in batches
    for task_id in tasks:
        queue.store.forget(task_id)
    queue.close()


class Alone(ApiServer):
    """`sightglass serve` without a metrics folder that somebody named; its own go into `tmp`."""

    def environment(self) -> dict[str, str]:
        given = super().environment()
        del given["PROMETHEUS_MULTIPROC_DIR"]
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {**given, "TMPDIR": str(temporary)}

    def metrics_folders(self) -> list[Path]:
        return list((self.folder / "tmp").glob("sightglass-metrics-*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_metrics_folder_goes_with_the_process(
    tmp_path: Path, redis_server: RedisServer, workers: int
) -> None:
    with Alone(tmp_path / "api", redis_server.url, workers=workers) as server:
        (folder,) = server.metrics_folders()
        assert list(folder.glob("*.db"))
        server.stop()
        assert server.metrics_folders() == []


def test_gauges_of_a_killed_process_are_forgotten(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with ApiServer(tmp_path / "api", redis_server.url, workers=2) as server:
        folder = tmp_path / "api" / "metrics"
        until(lambda: len(_loaded(folder)) == 2)
        killed = min(_loaded(folder))
        os.kill(killed, signal.SIGKILL)
        # uvicorn starts another, whose model is counted as well.
        until(lambda: len(_loaded(folder) - {killed}) == 2, 60)
        with server.client() as client:
            assert client.get("/metrics").status_code == 200
        assert len(_loaded(folder)) == 2
        assert killed not in _loaded(folder)


def _loaded(folder: Path) -> set[int]:
    """The processes that tell of the model they serve."""
    return {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_livemax_*.db")}


def test_port_that_is_taken_is_told_in_the_log(tmp_path: Path, redis_server: RedisServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = ApiServer(tmp_path / "api", redis_server.url)
        server.port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match="did not start"):
            server.start()
    (line,) = server.log_lines()
    assert (line["event"], line["level"]) == ("cannot_start", "critical")
    assert str(server.port) in str(line["reason"])


def test_wrong_settings_are_told_before_there_is_a_log(tmp_path: Path) -> None:
    server = ApiServer(tmp_path / "api", "redis://127.0.0.1:9/0", sentry_dsn="https://no-key/1")
    with pytest.raises(AssertionError, match="SENTRY_DSN: must be a DSN"):
        server.start()


def test_answers_while_stopping_are_complete(tmp_path: Path, redis_server: RedisServer) -> None:
    """A client that reads slowly gets all of it."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("x")
    (site / "large.bin").write_bytes(bytes(LARGE_BYTES))
    server = ApiServer(
        tmp_path / "api", redis_server.url, shutdown_grace_seconds=GRACE_SECONDS, ui_dir=site
    )
    received = 0
    with server, httpx.stream("GET", f"{server.url}/ui/large.bin", trust_env=False) as answer:
        until(lambda: waiting_bytes(server) > 50_000)
        os.kill(server.pid, signal.SIGTERM)
        for chunk in answer.iter_raw(1 << 20):
            received += len(chunk)
            time.sleep(0.1)  # 3 s in all, longer than a silent client is given
    assert received == LARGE_BYTES
