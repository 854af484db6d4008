"""What the platform survives: its own processes and its services killed under real work."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.platform import Platform
from tests.hostile import pictures
from tests.integration.servers import MlflowServer, RedisServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(400)]

IMAGE = pictures.jpeg(pictures.photo(640, 480))


@dataclass
class World:
    """The platform with Redis and MLflow beside it, so that they stay down when they are killed."""

    platform: Platform
    redis: RedisServer
    mlflow: MlflowServer
    disk: Path

    @property
    def artifacts(self) -> Path:
        return self.mlflow.folder / "artifacts"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of 16 MiB for uploads and spool."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"this test needs the right to mount a small tmpfs (root): {done.stderr}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, disk: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with (
        RedisServer(folder / "redis") as redis,
        MlflowServer(folder / "mlflow") as mlflow,
        Platform(
            folder / "state",
            REDIS_URL=redis.url,
            MLFLOW_TRACKING_URI=mlflow.url,
            BLOB_DIR=str(disk / "blobs"),
            SPOOL_DIR=str(disk / "spool"),
            TASK_VISIBILITY_TIMEOUT_SECONDS="4",
            MLFLOW_FLUSH_SECONDS="1",
        ) as platform,
    ):
        platform.wait_until(lambda: _all_up(platform), 60, "everything is up")
        yield World(platform, redis, mlflow, disk)


class Client(threading.Thread):
    """Asks for one detection after the other; keeps the status and the time of each answer."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self.ids: list[str] = []
        self.statuses: list[int] = []
        self.seconds: list[float] = []
        self.slowest = (0.0, "", "")  # with what the server says of it
        self.broken_connections = 0
        self._platform = platform
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                answer = self._platform.detect(IMAGE)
            except httpx.HTTPError:
                self.broken_connections += 1
                time.sleep(0.05)
                continue
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                seconds = time.monotonic() - began
                self.seconds.append(seconds)
                said = (answer.headers["X-Process-Time"], answer.headers["Server-Timing"])
                self.slowest = max(self.slowest, (seconds, *said))
                self.ids.append(answer.json()["prediction_id"])

    def finish(self) -> list[str]:
        self._stopped.set()
        self.join(30)
        return self.ids


def start_clients(platform: Platform, count: int = 3) -> list[Client]:
    clients = [Client(platform) for _ in range(count)]
    for client in clients:
        client.start()
    return clients


def finish(clients: list[Client]) -> list[str]:
    return [prediction_id for client in clients for prediction_id in client.finish()]


def test_worker_killed_in_the_middle_of_tasks(world: World) -> None:
    platform = world.platform
    ids = [platform.submit(IMAGE).json()["task_id"] for _ in range(60)]
    platform.wait_until(
        lambda: any(
            platform.http.get(f"/task/{i}").json()["status"] == "completed" for i in ids[:10]
        ),
        60,
        "the first result",
    )
    platform.kill("worker")
    assert set(platform.wait_for_tasks(ids).values()) == {"completed"}
    platform.wait_for_history(ids)
    platform.wait_for_mlflow(ids, world.artifacts)


def test_api_killed_right_after_its_answers(world: World) -> None:
    platform = world.platform
    clients = start_clients(platform)
    time.sleep(2)
    platform.kill("serve")
    time.sleep(0.3)
    answered = finish(clients)
    assert len(answered) > 10
    platform.wait_until(lambda: _answers(platform), 60, "the API is back")
    platform.wait_for_history(answered)
    platform.wait_for_mlflow(answered, world.artifacts)


def test_redis_killed_under_load(world: World) -> None:
    platform = world.platform
    clients = start_clients(platform)
    time.sleep(1.5)
    world.redis.kill()
    time.sleep(3)
    health = platform.health()
    assert (health["status"], health["services"]["redis"]["status"]) == ("degraded", "down")
    assert platform.submit(IMAGE).json()["code"] == "queue_unavailable"
    time.sleep(1)
    world.redis.start()
    time.sleep(1.5)
    answered = finish(clients)
    assert {status for client in clients for status in client.statuses} == {200}
    platform.wait_until(
        lambda: not list((world.disk / "spool").glob("*.jsonl")), 60, "the spool is replayed"
    )
    platform.wait_for_history(answered)
    platform.wait_for_mlflow(answered, world.artifacts)
    task = platform.submit(IMAGE).json()["task_id"]
    assert platform.wait_for_tasks([task])[task] == "completed"


def test_redis_that_hangs_costs_no_answer(world: World) -> None:
    platform = world.platform
    clients = start_clients(platform)
    time.sleep(1)
    world.redis.pause()
    try:
        time.sleep(4)
    finally:
        world.redis.resume()
    time.sleep(1)
    answered = finish(clients)
    assert {status for client in clients for status in client.statuses} == {200}
    slowest = max(client.slowest for client in clients)
    assert slowest[0] < 2, slowest
    platform.wait_for_history(answered)


def test_mlflow_away_for_a_while(world: World) -> None:
    platform = world.platform
    before = [platform.detect(IMAGE).elapsed.total_seconds() for _ in range(30)]
    world.mlflow.stop()
    answers = [platform.detect(IMAGE) for _ in range(60)]
    assert {answer.status_code for answer in answers} == {200}
    ids = [answer.json()["prediction_id"] for answer in answers]
    away = [answer.elapsed.total_seconds() for answer in answers]
    assert platform.health()["services"]["mlflow"]["status"] == "down"
    assert platform.http.get("/mlflow/runs").json()["code"] == "mlflow_unavailable"
    world.mlflow.start()
    platform.wait_for_history(ids)
    platform.wait_for_mlflow(ids, world.artifacts, seconds=150)
    # Waiting for MLflow would be hundreds of milliseconds at the least.
    assert statistics.median(away) < statistics.median(before) * 2 + 0.05


def test_disk_full_for_uploads(world: World) -> None:
    platform = world.platform
    with FullDisk(world.disk):
        refused = platform.submit(IMAGE)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
        assert "retry-after" in refused.headers
        assert platform.detect(IMAGE).status_code == 200
    task = platform.submit(IMAGE).json()["task_id"]
    assert platform.wait_for_tasks([task])[task] == "completed"


def test_disk_full_for_the_spool_while_redis_is_away(world: World) -> None:
    platform = world.platform
    world.redis.kill()
    try:
        platform.detect(IMAGE)
        with FullDisk(world.disk):
            # The last page of the spool file, already allocated, may still take a few records.
            answers = [platform.detect(IMAGE) for _ in range(12)]
            kept = [answer for answer in answers if answer.status_code == 200]
            refused = answers[-1]
            assert (refused.status_code, refused.json()["code"]) == (503, "journal_unavailable")
            assert "retry-after" in refused.headers
            assert platform.http.get("/health/live").status_code == 200
        kept += [platform.detect(IMAGE) for _ in range(5)]
    finally:
        world.redis.start()
    platform.wait_for_history(answer.json()["prediction_id"] for answer in kept)


class FullDisk:
    """Fill a disk to its last byte, and free it again."""

    def __init__(self, disk: Path) -> None:
        self._ballast = disk / "ballast"

    def __enter__(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def __exit__(self, *_: object) -> None:
        self._ballast.unlink()


def _answers(platform: Platform) -> bool:
    try:
        return platform.http.get("/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


def _all_up(platform: Platform) -> bool:
    """All but the disk, which is as small as it is meant to be."""
    services = platform.health()["services"]
    return all(found["status"] == "up" for name, found in services.items() if name != "storage")
