"""Waiting for the end of a task over Redis' pub/sub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from sightglass.jobs.queue import JobQueue
from sightglass.jobs.task_events import TaskEvents
from sightglass.settings import Settings
from tests.integration.servers import RedisServer


def _with_events(settings: Settings, body: Callable[[TaskEvents], Awaitable[None]]) -> None:
    async def run() -> None:
        events = TaskEvents(settings.redis_url)
        await events.start()
        try:
            await body(events)
        finally:
            await events.close()

    asyncio.run(run())


def test_woken_at_the_end(settings: Settings, queue: JobQueue) -> None:
    async def body(events: TaskEvents) -> None:
        task_id = queue.submit_image(b"x")
        waiting = asyncio.gather(*(events.wait(task_id, 5) for _ in range(3)))
        await asyncio.sleep(0.2)
        ended_at = time.monotonic()
        await asyncio.to_thread(queue.store.complete, task_id, {})
        assert await waiting == [True, True, True]
        assert time.monotonic() - ended_at < 0.2

    _with_events(settings, body)


def test_already_ended_and_unknown(settings: Settings, queue: JobQueue) -> None:
    async def body(events: TaskEvents) -> None:
        task_id = queue.submit_image(b"x")
        queue.cancel(task_id)
        assert await events.wait(task_id, 2)
        assert await events.wait("0" * 32, 2)

    _with_events(settings, body)


def test_not_in_time(settings: Settings, queue: JobQueue) -> None:
    async def body(events: TaskEvents) -> None:
        task_id = queue.submit_image(b"x")
        assert not await events.wait(task_id, 0.2)
        assert not events._waiters

    _with_events(settings, body)


def test_end_during_a_break_is_found(
    settings: Settings, queue: JobQueue, redis_server: RedisServer
) -> None:
    async def body(events: TaskEvents) -> None:
        task_id = queue.submit_image(b"x")
        waiting = asyncio.create_task(events.wait(task_id, 15))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(redis_server.kill)
        await asyncio.to_thread(redis_server.start)
        await asyncio.to_thread(queue.store.complete, task_id, {})
        assert await waiting

    _with_events(settings, body)
