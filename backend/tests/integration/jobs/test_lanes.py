"""Fairness between the keys whose tasks wait: real lanes in a real Redis, taken by real workers."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightglass.errors import OverloadedError
from sightglass.jobs import names
from sightglass.jobs.celery_app import create_celery, send_image_task
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_state import TaskStatus
from sightglass.jobs.task_store import TaskStore
from sightglass.settings import Settings
from tests.integration.jobs.conftest import Processes, ended, until
from tests.integration.servers import RedisServer


def _finished(processes: Processes) -> list[str]:
    return [line.split()[1] for line in processes.lines() if line.startswith("done")]


def test_a_batch_does_not_hold_up_a_few(queue: JobQueue, processes: Processes) -> None:
    batch = [queue.submit_image(b"ok", owner="batch", lane=1) for _ in range(300)]
    few = [queue.submit_image(b"ok", owner="few", lane=2) for _ in range(5)]
    processes.start()
    for task_id in few:
        assert ended(queue, task_id).status is TaskStatus.COMPLETED
    until(lambda: len(_finished(processes)) == 305, 60)
    order = _finished(processes)
    # Turn by turn; what the worker had fetched ahead and two threads at once allow for the rest.
    assert max(order.index(task_id) for task_id in few) < 25
    mine = [task_id for task_id in order if task_id in set(batch)]
    assert sum(abs(mine.index(task_id) - place) for place, task_id in enumerate(batch)) < 600


def test_every_lane_is_served(queue: JobQueue, processes: Processes) -> None:
    tasks = [queue.submit_image(b"ok", lane=lane) for lane in range(2 * names.IMAGE_LANES)]
    processes.start()
    assert {ended(queue, task_id).status for task_id in tasks} == {TaskStatus.COMPLETED}


def test_message_of_an_older_version_is_taken(
    queue: JobQueue, processes: Processes, redis_server: RedisServer
) -> None:
    task_id = queue.submit_image(b"ok")
    with redis_server.client() as client:
        client.hdel(names.task_key(task_id), "lane")
        assert client.llen("images") == 1
    processes.start()
    assert ended(queue, task_id).status is TaskStatus.COMPLETED


def test_killed_worker_loses_nothing_of_any_lane(queue: JobQueue, processes: Processes) -> None:
    worker = processes.start()
    tasks = [queue.submit_image(b"slow 0.3", owner=f"k{n % 3}", lane=n % 3) for n in range(6)]
    until(lambda: sum(line.startswith("run") for line in processes.lines()) >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    processes.start()
    assert {ended(queue, task_id).status for task_id in tasks} == {TaskStatus.COMPLETED}
    assert [queue.store.count_open(f"k{n}") for n in range(3)] == [(0, 0)] * 3


def test_lost_message_is_sent_again_to_its_lane(
    queue: JobQueue, settings: Settings, redis_server: RedisServer
) -> None:
    task_id = queue.submit_image(b"ok", lane=5)
    with redis_server.client() as client:
        client.zadd(names.OPEN_TASKS, {task_id: 0})
        client.lpush("images.4", "a message of another lane")
        assert queue.store.reclaim(task_id, look_after_seconds=0) is None  # it still waits
        client.delete("images.5")
        lane = queue.store.reclaim(task_id, look_after_seconds=0)
        assert lane == 5
        app = create_celery(settings)
        send_image_task(app, task_id, lane)
        app.pool.force_close_all()
        assert client.llen("images.5") == 1


def test_fast_lane_does_not_make_a_slow_one_look_lost(
    queue: JobQueue, redis_server: RedisServer
) -> None:
    """A task is called lost when later ones of its own lane were taken, not those of others."""
    waiting = queue.submit_image(b"ok", lane=1)
    with redis_server.client() as client:
        submitted = float(client.hget(names.task_key(waiting), "submitted_at") or 0)
        client.hset(names.TAKEN_THROUGH, "2", str(submitted + 100))
        assert queue.store.reclaim(waiting, look_after_seconds=0) is None
        client.hset(names.TAKEN_THROUGH, "1", str(submitted + 100))
        assert queue.store.reclaim(waiting, look_after_seconds=0) == 1


@pytest.fixture
def small_queue(settings: Settings) -> Iterator[JobQueue]:
    queue = JobQueue(settings.model_copy(update={"task_queue_limit": 8}))
    yield queue
    queue.close()


def _fill(queue: JobQueue, owner: str) -> list[str]:
    """Submit until refused; what was accepted."""
    tasks: list[str] = []
    with contextlib.suppress(OverloadedError):
        while len(tasks) < 100:
            tasks.append(queue.submit_image(b"x", owner=owner))
    with pytest.raises(OverloadedError) as refused:
        queue.submit_image(b"x", owner=owner)
    assert refused.value.retry_after_seconds >= 1
    return tasks


def test_nobody_takes_all_places(small_queue: JobQueue) -> None:
    first = _fill(small_queue, "first")
    assert len(first) == 4
    assert len(_fill(small_queue, "second")) == 2  # as many as are then free
    assert len(_fill(small_queue, "third")) == 1
    assert len(_fill(small_queue, "")) == 1  # without keys: all that there is
    small_queue.cancel(first[0])
    assert len(_fill(small_queue, "fourth")) == 1
    assert small_queue.depth() == 8


def test_without_keys_all_places_are_for_everyone(small_queue: JobQueue) -> None:
    assert len(_fill(small_queue, "")) == 8


def test_places_are_counted_to_their_end(
    small_queue: JobQueue, redis_server: RedisServer, tmp_path: Path
) -> None:
    store: TaskStore = small_queue.store
    done, failed, cancelled, gone, open_ = (
        small_queue.submit_image(b"x", owner=owner) for owner in ("a", "a", "a", "b", "b")
    )
    assert store.count_open("a") == (5, 3)
    for _ in range(2):  # only the first end counts
        store.complete(done, {})
        store.fail(failed, "code", "message")
    small_queue.cancel(cancelled)
    store.forget(gone)
    store.forget(gone)
    assert (store.count_open("a"), store.count_open("b")) == ((1, 0), (1, 1))
    small_queue.cancel(open_)
    with redis_server.client() as client:
        assert client.hgetall(names.OPEN_BY_OWNER) == {}


def test_places_that_an_older_version_took_and_gave_back(
    small_queue: JobQueue, redis_server: RedisServer
) -> None:
    """In a rollback: it knows no owners, so it counts nothing down."""
    ended_there, ended_here = (small_queue.submit_image(b"x", owner="a") for _ in range(2))
    with redis_server.client() as client:
        client.zrem(names.OPEN_TASKS, ended_there)
        small_queue.store.complete(ended_here, {})
        assert client.hgetall(names.OPEN_BY_OWNER) == {}


def test_retry_counts_for_who_tries_again(queue: JobQueue, redis_server: RedisServer) -> None:
    first = queue.submit_image(b"x", owner="a", lane=1)
    queue.cancel(first)
    queue.retry(first, owner="b", lane=2)
    assert (queue.store.count_open("a"), queue.store.count_open("b")) == ((1, 0), (1, 1))
    with redis_server.client() as client:
        assert (client.llen("images.1"), client.llen("images.2")) == (1, 1)
