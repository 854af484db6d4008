"""Submitting a task again that failed or was cancelled, over a real Redis and workers."""

from __future__ import annotations

import pytest

from sightglass.errors import OverloadedError, QueueUnavailableError, UploadExpiredError
from sightglass.jobs import names
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_state import TaskStatus
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobNotFoundError
from tests.integration.jobs.conftest import Processes, ended, until
from tests.integration.servers import RedisServer


def test_runs_to_its_end(queue: JobQueue, processes: Processes) -> None:
    cancelled = queue.submit_image(b"ok", image_name="a.jpg", annotate=True)
    queue.cancel(cancelled)
    again = queue.retry(cancelled, request_id="r2")
    processes.start()
    state = ended(queue, again)
    assert state.status is TaskStatus.COMPLETED
    assert state.result is not None
    assert state.result["prediction_id"] == again
    assert "image" in state.result
    assert (state.image_name, state.request_id) == ("a.jpg", "r2")
    assert queue.store.get(cancelled).status is TaskStatus.CANCELLED
    until(lambda: not _is_kept(queue, again))
    assert _is_kept(queue, cancelled)


def test_what_failed_may_fail_again(queue: JobQueue, processes: Processes) -> None:
    processes.start()
    task_id = queue.submit_image(b"broken")
    for _ in range(2):
        assert ended(queue, task_id).status is TaskStatus.FAILED
        task_id = queue.retry(task_id)


def _is_kept(queue: JobQueue, task_id: str) -> bool:
    try:
        queue.store.blobs.get(names.upload_key(task_id))
    except BlobNotFoundError:
        return False
    return True


def test_kept_until_cleanup(queue: JobQueue) -> None:
    task_id = queue.submit_image(b"x")
    queue.cancel(task_id)
    assert queue.store.blobs.remove_older_than(-1) == 1
    with pytest.raises(UploadExpiredError):
        queue.retry(task_id)


def test_ended_under_a_version_without_retry(queue: JobQueue, redis_server: RedisServer) -> None:
    task_id = queue.submit_image(b"x")
    queue.cancel(task_id)
    with redis_server.client() as client:
        client.hdel(names.task_key(task_id), "job")
    with pytest.raises(UploadExpiredError):
        queue.retry(task_id)


def test_queue_is_full(settings: Settings) -> None:
    queue = JobQueue(settings.model_copy(update={"task_queue_limit": 1}))
    task_id = queue.submit_image(b"1")
    queue.cancel(task_id)
    queue.submit_image(b"2")
    with pytest.raises(OverloadedError):
        queue.retry(task_id)
    queue.close()


def test_redis_away(queue: JobQueue, redis_server: RedisServer) -> None:
    task_id = queue.submit_image(b"x")
    queue.cancel(task_id)
    redis_server.kill()
    with pytest.raises(QueueUnavailableError):
        queue.retry(task_id)
    redis_server.start()
    assert queue.store.get(queue.retry(task_id)).status is TaskStatus.QUEUED
