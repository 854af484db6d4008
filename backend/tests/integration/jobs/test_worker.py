"""Real Celery workers over a real Redis: every accepted task ends once, whatever dies."""

from __future__ import annotations

import signal
import time

import pytest

from sightglass.engine.types import DetectOptions
from sightglass.errors import TaskFinishedError
from sightglass.jobs import names
from sightglass.jobs.celery_app import create_celery
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_state import TaskStatus
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobNotFoundError
from tests.integration.jobs.conftest import Processes, ended, until
from tests.integration.servers import RedisServer


def test_task_to_its_end(queue: JobQueue, processes: Processes) -> None:
    processes.start()
    options = DetectOptions(confidence=0.4, classes=(1, 2))
    task_id = queue.submit_image(
        b"ok", options=options, image_name="a.jpg", request_id="r1", annotate=True
    )
    state = ended(queue, task_id)
    assert state.status is TaskStatus.COMPLETED
    assert state.result is not None
    assert state.result["prediction_id"] == task_id
    assert state.result["image"] == "YSBwaWN0dXJl"
    assert (state.image_name, state.request_id) == ("a.jpg", "r1")
    assert (state.progress, state.attempts) == (1.0, 1)
    assert state.started_at is not None
    assert state.finished_at is not None
    assert state.submitted_at <= state.started_at <= state.finished_at
    until(lambda: _upload_is_gone(queue, task_id))
    with pytest.raises(TaskFinishedError):
        queue.cancel(task_id)


def _upload_is_gone(queue: JobQueue, task_id: str) -> bool:
    try:
        queue.store.blobs.get(names.upload_key(task_id))
    except BlobNotFoundError:
        return True
    return False


def test_refused_image(queue: JobQueue, processes: Processes) -> None:
    processes.start()
    state = ended(queue, queue.submit_image(b"broken"))
    assert state.status is TaskStatus.FAILED
    assert state.error is not None
    assert state.error.code == "broken_image"


def test_killed_worker_loses_nothing(queue: JobQueue, processes: Processes) -> None:
    worker = processes.start()
    tasks = [queue.submit_image(b"slow 0.4") for _ in range(6)]
    until(lambda: sum(line.startswith("run") for line in processes.lines()) >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    interrupted = {line.split()[1] for line in processes.lines() if line.startswith("run")}
    processes.start()
    states = [ended(queue, task_id) for task_id in tasks]
    assert {state.status for state in states} == {TaskStatus.COMPLETED}
    assert max(state.attempts for state in states) == 2
    assert sum(state.attempts for state in states) <= len(tasks) + len(interrupted)
    assert queue.depth() == 0


def test_rescue_finds_a_lost_message(
    queue: JobQueue, processes: Processes, redis_server: RedisServer
) -> None:
    """A kill between Redis handing out a message and the worker noting it loses the message."""
    task_id = queue.submit_image(b"ok")
    with redis_server.client() as client:
        client.delete(names.IMAGES_QUEUE)
    processes.start()
    processes.start("beat")
    state = ended(queue, task_id)
    assert (state.status, state.attempts) == (TaskStatus.COMPLETED, 1)


def test_poison_task_is_given_up(queue: JobQueue, processes: Processes) -> None:
    task_id = queue.submit_image(b"deadly")
    worker = processes.start()
    deadline = time.monotonic() + 40
    while not queue.store.get(task_id).status.is_final:
        assert time.monotonic() < deadline
        if worker.poll() is not None:
            worker = processes.start()
        time.sleep(0.05)
    state = queue.store.get(task_id)
    assert state.status is TaskStatus.FAILED
    assert state.error is not None
    assert state.error.code == "worker_lost"
    assert [line.split()[0] for line in processes.lines()] == ["run"] * 3 + ["worker_lost"]
    assert ended(queue, queue.submit_image(b"ok")).status is TaskStatus.COMPLETED


def test_sigterm_finishes_what_runs(queue: JobQueue, processes: Processes) -> None:
    worker = processes.start()
    task_id = queue.submit_image(b"slow 1")
    until(processes.lines)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert queue.store.get(task_id).status is TaskStatus.COMPLETED


def test_task_longer_than_the_visibility_timeout_runs_once(
    queue: JobQueue, processes: Processes
) -> None:
    processes.start()
    processes.start("beat")
    task_id = queue.submit_image(b"slow 5")
    assert ended(queue, task_id).attempts == 1
    assert [line.split()[0] for line in processes.lines()] == ["run", "done"]


def test_redelivery_of_an_ended_task_is_dropped(
    queue: JobQueue, processes: Processes, settings: Settings
) -> None:
    processes.start()
    first = queue.submit_image(b"ok")
    ended(queue, first)
    app = create_celery(settings)
    app.send_task(names.PROCESS_IMAGE, args=(first,))
    ended(queue, queue.submit_image(b"ok"))
    app.close()
    assert [line.split()[1] for line in processes.lines()].count(first) == 2  # run, done


def test_cancelled_while_queued(queue: JobQueue, processes: Processes) -> None:
    task_id = queue.submit_image(b"ok")
    queue.cancel(task_id)
    processes.start()
    ended(queue, queue.submit_image(b"ok"))
    assert queue.store.get(task_id).status is TaskStatus.CANCELLED
    assert not any(task_id in line for line in processes.lines())


def test_cancelled_while_running(queue: JobQueue, processes: Processes) -> None:
    processes.start()
    task_id = queue.submit_image(b"slow 0.5")
    until(processes.lines)
    queue.cancel(task_id)
    until(lambda: len(processes.lines()) == 2)
    assert queue.store.get(task_id).status is TaskStatus.CANCELLED


def test_redis_restarts_under_a_running_task(
    queue: JobQueue, processes: Processes, redis_server: RedisServer
) -> None:
    processes.start()
    task_id = queue.submit_image(b"slow 1")
    until(processes.lines)
    redis_server.kill()
    time.sleep(1.2)
    redis_server.start()
    assert ended(queue, task_id, 30).status is TaskStatus.COMPLETED
    assert ended(queue, queue.submit_image(b"ok"), 30).status is TaskStatus.COMPLETED


def test_health_is_checked_on_schedule(processes: Processes, redis_server: RedisServer) -> None:
    processes.start()
    processes.start("beat")
    with redis_server.client() as client:
        found = until(lambda: client.get(names.LAST_HEALTH))
    assert b'"redis":{"status":"up"' in found
