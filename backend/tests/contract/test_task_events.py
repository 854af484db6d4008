"""Watching tasks over server-sent events: a real API over a Redis of its own, which is killed."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from sightglass.api.schemas.tasks import TaskList
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_feed import BATCH_SECONDS, MOST_SUBSCRIBERS
from sightglass.settings import Settings
from tests.contract.api_server import ApiServer
from tests.contract.event_reader import EventReader, watching
from tests.contract.problems import assert_problem
from tests.integration.jobs.conftest import Processes, until
from tests.integration.servers import RedisServer


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("events-redis")) as server:
        yield server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("events-api"), redis_server.url) as server:
        yield server


@pytest.fixture(scope="module")
def settings(api: ApiServer, redis_server: RedisServer) -> Settings:
    return Settings(_env_file=None, redis_url=redis_server.url, state_dir=api.folder / "state")


@pytest.fixture(scope="module")
def queue(settings: Settings) -> Iterator[JobQueue]:
    queue = JobQueue(settings)
    yield queue
    queue.close()


def reads(redis_server: RedisServer) -> int:
    """How many tasks were read from Redis so far."""
    with redis_server.client() as client:
        return int(client.info("commandstats").get("cmdstat_hmget", {}).get("calls", 0))


def processing(queue: JobQueue, count: int) -> list[str]:
    """Tasks in the hands of a worker that the test plays."""
    tasks = [queue.submit_image(b"x") for _ in range(count)]
    for task_id in tasks:
        queue.store.claim(task_id, lease_seconds=60, max_attempts=3)
    return tasks


@pytest.mark.parametrize("path", ["/tasks/events", "/api/tasks/events"])
def test_begins_with_a_reset(api: ApiServer, path: str) -> None:
    with watching(api.url, path) as reader:
        headers = reader.answer.headers
        assert reader.answer.status_code == 200
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "x-request-id" in headers
        first = reader.next()
        assert (first.name, first.data) == ("reset", {})
        assert reader.retry_milliseconds == 2000


def test_rows_are_those_of_the_list(api: ApiServer, queue: JobQueue) -> None:
    with watching(api.url) as reader, api.client() as client:
        reader.wait_for_reset()
        task_id = queue.submit_image(b"x", image_name="a.jpg", request_id="r1")
        queue.store.claim(task_id, lease_seconds=60, max_attempts=3)
        queue.store.fail(task_id, "broken_image", "It is damaged.")
        row = reader.wait_for_row(task_id, "failed")
        TaskList.model_validate({"tasks": [row]})
        assert row == client.get("/tasks", params={"limit": 1}).json()["tasks"][0]
        assert row["error"] == {"code": "broken_image", "message": "It is damaged."}


def test_a_result_is_not_sent(api: ApiServer, queue: JobQueue) -> None:
    (task_id,) = processing(queue, 1)
    with watching(api.url) as reader:
        reader.wait_for_reset()
        queue.store.complete(task_id, {"a": "result"})
        assert reader.wait_for_row(task_id, "completed")["result"] is None


def test_from_queued_to_completed(
    api: ApiServer, settings: Settings, queue: JobQueue, tmp_path: Path
) -> None:
    processes = Processes(settings, tmp_path)
    try:
        with watching(api.url) as reader:
            reader.wait_for_reset()
            task_id = queue.submit_image(b"slow 1")
            assert reader.wait_for_row(task_id, "queued")["attempts"] == 0
            processes.start()
            assert reader.wait_for_row(task_id, "processing")["attempts"] == 1
            assert reader.wait_for_row(task_id, "completed")["progress"] == 1
    finally:
        processes.end()


def test_progress_release_and_cancel_are_told(api: ApiServer, queue: JobQueue) -> None:
    (task_id,) = processing(queue, 1)
    with watching(api.url) as reader:
        reader.wait_for_reset()
        queue.store.progress(task_id, 0.5)
        assert reader.wait_for_row(task_id, "processing")["progress"] == 0.5
        queue.store.release(task_id, look_after_seconds=60)
        reader.wait_for_row(task_id, "queued")
        queue.cancel(task_id)
        reader.wait_for_row(task_id, "cancelled")


def test_burst_is_read_once_for_all_and_told_in_few_messages(
    api: ApiServer, queue: JobQueue, redis_server: RedisServer
) -> None:
    tasks = processing(queue, 500)
    with ExitStack() as stack:
        readers = [stack.enter_context(watching(api.url)) for _ in range(3)]
        for reader in readers:
            reader.wait_for_reset()
        before, began = reads(redis_server), time.monotonic()
        for number in range(1500):
            queue.store.progress(tasks[number % 500], (1 + number // 500) / 4)
        messages = [_messages_until_all_are_at(reader, tasks, 0.75) for reader in readers]
        batches = (time.monotonic() - began) / BATCH_SECONDS
        assert max(messages) <= batches + 2
        assert max(messages) < 500
        # Each task changed three times, so it was read three times at most, not nine.
        assert reads(redis_server) - before <= 1500


def _messages_until_all_are_at(reader: EventReader, tasks: list[str], progress: float) -> int:
    left, messages = set(tasks), 0
    for event in reader:
        assert event.name == "tasks"
        messages += 1
        left -= {row["task_id"] for row in event.data["tasks"] if row["progress"] == progress}
        if not left:
            break
    return messages


def test_nothing_is_read_while_nobody_watches(
    api: ApiServer, queue: JobQueue, redis_server: RedisServer
) -> None:
    with watching(api.url) as reader:
        reader.wait_for_reset()
    until(lambda: _streams_ended(api) and _open_requests(api) == 1)
    before = reads(redis_server)
    (task_id,) = processing(queue, 1)
    with api.client() as client:  # its answer comes after the events above
        assert client.get(f"/task/{task_id}", params={"wait": 0.5}).status_code == 200
    assert reads(redis_server) == before


def _streams_ended(api: ApiServer) -> int:
    return sum(line["event"] == "stream_ended" for line in api.log_lines())


def _open_requests(api: ApiServer) -> float:
    """Requests that are being answered, the one that asks among them."""
    with api.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("active_connections")))


def test_reset_after_redis_was_away(
    api: ApiServer, queue: JobQueue, redis_server: RedisServer
) -> None:
    with watching(api.url) as reader:
        reader.wait_for_reset()
        redis_server.kill()
        with api.client() as client:
            assert_problem(client.get("/tasks"), 503, "queue_unavailable")
        redis_server.start()
        reader.wait_for_reset()
        reader.wait_for_row(queue.submit_image(b"x"), "queued")


def test_what_has_left_is_counted_and_not_timed(api: ApiServer) -> None:
    ended = _streams_ended(api)
    with watching(api.url) as reader:
        reader.wait_for_reset()
    until(lambda: _streams_ended(api) > ended)
    with api.client() as client:
        text = client.get("/metrics").text
    labels = 'endpoint="/tasks/events",method="GET"'
    assert f'http_requests_total{{{labels},status="200"}}' in text
    assert f"http_request_duration_seconds_count{{{labels}}} 0.0" in text
    assert not [
        line for line in api.log_lines() if line.get("path") == "/tasks/events" and "ms" in line
    ]


def test_too_many_watchers_until_one_leaves(api: ApiServer) -> None:
    until(lambda: _open_requests(api) == 1)
    with ExitStack() as stack:
        watchers = [stack.enter_context(_raw_watcher(api)) for _ in range(MOST_SUBSCRIBERS)]
        for watcher in watchers:
            assert watcher.recv(12) == b"HTTP/1.1 200"
        with api.client() as client:
            refused = client.get("/tasks/events")
            assert_problem(refused, 503, "overloaded")
            assert int(refused.headers["retry-after"]) > 0
        watchers[0].close()
        until(lambda: _open_requests(api) == MOST_SUBSCRIBERS)
        with watching(api.url) as reader:
            assert reader.next().name == "reset"


def _raw_watcher(api: ApiServer) -> socket.socket:
    watcher = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    watcher.sendall(b"GET /tasks/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return watcher


@pytest.mark.parametrize("workers", [1, 2])
def test_open_streams_do_not_delay_the_end(
    tmp_path: Path, redis_server: RedisServer, workers: int
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = ApiServer(
        tmp_path / "api",
        redis_server.url,
        workers=workers,
        prometheus_multiproc_dir=folder,
        shutdown_grace_seconds=9,
    )
    with server, ExitStack() as stack:
        readers = [stack.enter_context(watching(server.url)) for _ in range(8)]
        for reader in readers:
            reader.wait_for_reset()
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        for reader in readers:
            assert {event.name for event in reader} <= {"reset"}  # ended whole, not cut off
        server.stop()
        assert time.monotonic() - began < 4
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health/live", trust_env=False)
