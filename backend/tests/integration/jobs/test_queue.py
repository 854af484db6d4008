"""Submitting to a real Redis, and to one that is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightglass.errors import (
    OverloadedError,
    QueueUnavailableError,
    TaskFinishedError,
    UnknownTaskError,
)
from sightglass.jobs import celery_app, names
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_state import ImageJob, TaskStatus
from sightglass.jobs.task_store import TaskStore, Verdict
from sightglass.settings import Settings
from tests.integration.servers import RedisServer


def _files(settings: Settings) -> list[Path]:
    return [path for path in settings.resolved_blob_dir.rglob("*") if path.is_file()]


def test_submitted(queue: JobQueue, redis_server: RedisServer) -> None:
    task_id = queue.submit_image(b"bytes", image_name="a.jpg")
    state = queue.store.get(task_id)
    assert (state.status, state.attempts, state.progress) == (TaskStatus.QUEUED, 0, 0.0)
    assert queue.store.blobs.get(names.upload_key(task_id)) == b"bytes"
    with redis_server.client() as client:
        assert client.llen(names.IMAGES_QUEUE) == 1
        message = client.lindex(names.IMAGES_QUEUE, 0)
    assert message is not None
    assert len(message) < 1500
    assert queue.depth() == 1


def test_redis_away(queue: JobQueue, redis_server: RedisServer, settings: Settings) -> None:
    queue.submit_image(b"bytes")
    redis_server.kill()
    started = time.monotonic()
    with pytest.raises(QueueUnavailableError):
        queue.submit_image(b"bytes")
    assert time.monotonic() - started < 2
    assert len(_files(settings)) == 1
    redis_server.start()
    assert queue.store.get(queue.submit_image(b"bytes")).status is TaskStatus.QUEUED


def test_redis_goes_between_mark_and_message(
    queue: JobQueue,
    redis_server: RedisServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = celery_app.send_image_task
    kept: list[str] = []

    def send_after_the_kill(app: object, task_id: str, lane: int) -> None:
        kept.append(task_id)
        redis_server.kill()
        send(app, task_id, lane)

    queue.submit_image(b"bytes")
    monkeypatch.setattr("sightglass.jobs.queue.send_image_task", send_after_the_kill)
    started = time.monotonic()
    with pytest.raises(QueueUnavailableError):
        queue.submit_image(b"bytes")
    assert time.monotonic() - started < 5
    assert len(_files(settings)) == 1
    redis_server.start()
    assert queue.store.get(kept[0]).status is TaskStatus.QUEUED  # rescue will end it


def test_broker_refuses(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_app: object, task_id: str, _lane: int) -> None:
        raise QueueUnavailableError(task_id)

    monkeypatch.setattr("sightglass.jobs.queue.send_image_task", refuse)
    with pytest.raises(QueueUnavailableError) as caught:
        queue.submit_image(b"bytes")
    with pytest.raises(UnknownTaskError):
        queue.store.get(caught.value.message)
    assert queue.depth() == 0
    assert queue.store.list_tasks() == []


def test_full_queue(settings: Settings) -> None:
    queue = JobQueue(settings.model_copy(update={"task_queue_limit": 2}))
    queue.submit_image(b"1")
    task_id = queue.submit_image(b"2")
    with pytest.raises(OverloadedError) as caught:
        queue.submit_image(b"3")
    assert 1 <= caught.value.retry_after_seconds <= 60
    queue.cancel(task_id)
    queue.submit_image(b"3")
    queue.close()


@pytest.fixture
def store(settings: Settings) -> Iterator[TaskStore]:
    store = TaskStore.from_settings(settings)
    yield store
    store.close()


def _create(store: TaskStore, task_id: str, look_after_seconds: float = 60) -> None:
    job = ImageJob(image_name=task_id)
    store.create(task_id, names.PROCESS_IMAGE, job, look_after_seconds=look_after_seconds)


def test_unknown_task(store: TaskStore) -> None:
    with pytest.raises(UnknownTaskError):
        store.get("a" * 32)
    with pytest.raises(UnknownTaskError):
        store.cancel("a" * 32)
    assert store.claim("a" * 32, lease_seconds=1, max_attempts=1).verdict is Verdict.UNKNOWN
    assert not store.complete("a" * 32, {})


def test_first_end_counts(store: TaskStore) -> None:
    _create(store, "a")
    assert store.complete("a", {"n": 1})
    assert not store.complete("a", {"n": 2})
    assert not store.fail("a", "code", "message")
    with pytest.raises(TaskFinishedError):
        store.cancel("a")
    assert store.get("a").result == {"n": 1}
    assert store.claim("a", lease_seconds=1, max_attempts=3).verdict is Verdict.FINAL


def test_held_by_another_until_its_lease_ends(store: TaskStore) -> None:
    _create(store, "a")
    assert store.claim("a", lease_seconds=0.2, max_attempts=3).verdict is Verdict.CLAIMED
    assert store.claim("a", lease_seconds=0.2, max_attempts=3).verdict is Verdict.HELD
    store.extend("a", 0.4)
    time.sleep(0.25)
    assert store.claim("a", lease_seconds=0.2, max_attempts=3).verdict is Verdict.HELD
    time.sleep(0.2)
    again = store.claim("a", lease_seconds=0.01, max_attempts=3)
    assert (again.verdict, again.attempts) == (Verdict.CLAIMED, 2)


def test_too_many_attempts(store: TaskStore) -> None:
    _create(store, "a")
    store.claim("a", lease_seconds=0, max_attempts=1)
    assert store.claim("a", lease_seconds=0, max_attempts=1).verdict is Verdict.EXHAUSTED


def test_progress_shows_and_ends_with_the_task(store: TaskStore) -> None:
    _create(store, "a")
    store.claim("a", lease_seconds=5, max_attempts=3)
    store.progress("a", 0.25)
    assert store.get("a").progress == 0.25
    store.fail("a", "code", "message")
    store.progress("a", 0.5)
    assert store.get("a").progress == 0.25


def test_listed_newest_first(store: TaskStore) -> None:
    for number in range(120):
        _create(store, f"{number:032x}")
    store.complete(f"{7:032x}", {})
    assert [task.image_name for task in store.list_tasks(2)] == [f"{119:032x}", f"{118:032x}"]
    assert [task.id for task in store.list_tasks(5, TaskStatus.COMPLETED)] == [f"{7:032x}"]


def test_expired_result_is_unknown_and_forgotten(settings: Settings) -> None:
    store = TaskStore.from_settings(settings.model_copy(update={"result_retention_seconds": 1}))
    _create(store, "a")
    _create(store, "b")
    store.complete("a", {})
    time.sleep(1.2)
    with pytest.raises(UnknownTaskError):
        store.get("a")
    assert [task.id for task in store.list_tasks()] == ["b"]
    assert store.forget_expired() == 1


def test_reclaimed_only_when_lost(store: TaskStore, redis_server: RedisServer) -> None:
    _create(store, "waiting", look_after_seconds=0)
    _create(store, "fresh")
    _create(store, "held", look_after_seconds=0)
    store.claim("held", lease_seconds=60, max_attempts=3)
    _create(store, "dead", look_after_seconds=0)
    store.claim("dead", lease_seconds=0, max_attempts=3)
    assert set(store.list_overdue()) == {"waiting", "dead"}
    with redis_server.client() as client:
        client.lpush(names.IMAGES_QUEUE, "a message")
        assert store.reclaim("waiting", look_after_seconds=0) is None
        client.delete(names.IMAGES_QUEUE)
    assert store.reclaim("waiting", look_after_seconds=60) == 0
    assert store.reclaim("dead", look_after_seconds=60) == 0
    assert store.reclaim("held", look_after_seconds=60) is None
    assert store.get("dead").status is TaskStatus.QUEUED
    assert store.list_overdue() == []
