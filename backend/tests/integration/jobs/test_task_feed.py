"""The feed of changes over Redis' pub/sub, where a stream cannot show what it does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from sightglass.errors import OverloadedError
from sightglass.jobs import names
from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_events import TaskEvents
from sightglass.jobs.task_feed import (
    MOST_PENDING,
    MOST_SUBSCRIBERS,
    News,
    Subscription,
    TaskFeed,
)
from sightglass.jobs.task_state import ImageJob, TaskState
from sightglass.settings import Settings
from tests.integration.servers import RedisServer

WAIT_SECONDS = 20


def _row(state: TaskState) -> bytes:
    return f"{state.id} {state.status} {state.progress}".encode()


def _with_feed(settings: Settings, body: Callable[[TaskFeed], Awaitable[None]]) -> None:
    async def run() -> None:
        events = TaskEvents(settings.redis_url)
        feed = TaskFeed(events, _row)
        feed.start()
        await events.start()
        try:
            await body(feed)
        finally:
            await feed.close()
            await events.close()

    asyncio.run(run())


async def _listening(feed: TaskFeed, queue: JobQueue) -> Subscription:
    """A subscription to which nothing is on its way, as it has had the row of the last change."""
    subscription = feed.subscribe()
    for number in itertools.count():
        await asyncio.to_thread(_create, queue, f"first-{number}")
        if f"first-{number} queued 0.0".encode() in (await subscription.take(0.5)).rows:
            break
    return subscription


def _create(queue: JobQueue, task_id: str) -> None:
    queue.store.create(task_id, names.PROCESS_IMAGE, ImageJob(), look_after_seconds=60)


def _create_many(queue: JobQueue, first: int, count: int) -> None:
    for number in range(first, first + count):
        _create(queue, f"task-{number}")


async def _take(subscription: Subscription) -> News:
    return await subscription.take(WAIT_SECONDS)


def test_latest_state_of_a_slow_subscriber(settings: Settings, queue: JobQueue) -> None:
    async def body(feed: TaskFeed) -> None:
        slow, quick = await _listening(feed, queue), feed.subscribe()
        await _take(quick)
        task_id = await asyncio.to_thread(queue.submit_image, b"x")
        assert (await _take(quick)).rows == (f"{task_id} queued 0.0".encode(),)
        await asyncio.to_thread(queue.cancel, task_id)
        assert (await _take(quick)).rows == (f"{task_id} cancelled 0.0".encode(),)
        assert await _take(slow) == News(rows=(f"{task_id} cancelled 0.0".encode(),))

    _with_feed(settings, body)


def test_too_far_behind(settings: Settings, queue: JobQueue) -> None:
    async def body(feed: TaskFeed) -> None:
        slow, quick = await _listening(feed, queue), feed.subscribe()
        await _take(quick)
        for number in range(0, MOST_PENDING + 1, 100):
            await asyncio.to_thread(_create_many, queue, number, 100)
            seen = 0
            while seen < 100:
                seen += len((await _take(quick)).rows)
        assert await _take(slow) == News(reset=True)

    _with_feed(settings, body)


def test_task_that_was_taken_back(settings: Settings, queue: JobQueue) -> None:
    async def body(feed: TaskFeed) -> None:
        subscription = await _listening(feed, queue)
        await asyncio.to_thread(queue.store.forget, "first-0")
        assert await _take(subscription) == News(reset=True)

    _with_feed(settings, body)


def test_unreadable_event_and_task(
    settings: Settings, queue: JobQueue, redis_server: RedisServer
) -> None:
    async def body(feed: TaskFeed) -> None:
        subscription = await _listening(feed, queue)
        with redis_server.client() as client:
            client.publish(names.TASK_EVENTS, "not JSON")
            client.publish(names.TASK_EVENTS, "[]")
            client.hset(names.task_key("odd"), "status", "made up")
            client.publish(names.TASK_EVENTS, '{"task_id": "odd"}')
        assert await _take(subscription) == News(reset=True)
        await asyncio.to_thread(_create, queue, "next")
        assert (await _take(subscription)).rows == (b"next queued 0.0",)

    _with_feed(settings, body)


def test_nothing_new(settings: Settings, queue: JobQueue) -> None:
    async def body(feed: TaskFeed) -> None:
        assert await (await _listening(feed, queue)).take(0.05) == News()

    _with_feed(settings, body)


def test_end_is_told_to_those_who_watch_and_who_come(settings: Settings) -> None:
    async def body(feed: TaskFeed) -> None:
        subscription = feed.subscribe()
        await _take(subscription)
        feed.end()
        await _take(subscription)
        assert subscription.has_ended
        assert feed.subscribe().has_ended

    _with_feed(settings, body)


def test_too_many(settings: Settings) -> None:
    async def body(feed: TaskFeed) -> None:
        subscriptions = [feed.subscribe() for _ in range(MOST_SUBSCRIBERS)]
        with pytest.raises(OverloadedError):
            feed.subscribe()
        feed.leave(subscriptions[0])
        feed.subscribe()

    _with_feed(settings, body)
