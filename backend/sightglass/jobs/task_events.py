"""What happens to tasks, heard from Redis: one subscription for each API process.

Requests that wait for the end of a task hang on it, and the feed of all changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol, cast

import orjson
import redis.asyncio
import structlog
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sightglass.jobs import names
from sightglass.jobs.connection import ANSWER_SECONDS, CONNECT_SECONDS
from sightglass.jobs.task_state import SUMMARY, TaskState, TaskStatus, find_summary

log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 0.5
_PING_SECONDS = 10.0  # so that a connection that died silently is noticed


class Follower(Protocol):
    """Somebody who wants to hear of every change."""

    @property
    def is_interested(self) -> bool: ...

    def changed(self, task_id: str) -> None: ...

    def missed(self) -> None:
        """Changes may have gone unheard."""
        ...


class TaskEvents:
    """Resolves waiters when their task ends, and tells a follower of every change.

    Belongs to one event loop.
    """

    follower: Follower | None = None

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._waiters: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    async def start(self) -> None:
        """Subscribe in the background; returns at once, also when Redis is away."""
        self._listening = asyncio.create_task(self._listen(), name="task-events")

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        await self._redis.aclose()

    async def wait(self, task_id: str, timeout_seconds: float) -> bool:
        """True when the task has ended (or is unknown) within the time.

        While Redis is away it waits for its return, and False is the answer at the time's end.
        """
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[task_id].add(ended)  # before the look: an end in between is not missed
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._subscribed.wait()
                with contextlib.suppress(RedisError, OSError):
                    if await self._has_ended(task_id):
                        return True
                await ended
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._leave(task_id, ended)

    async def find_states(self, task_ids: Sequence[str]) -> list[TaskState | None]:
        """The states of these tasks without their results, in one round trip; None: unknown.

        Raises what redis-py raises.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for task_id in task_ids:
                pipe.hmget(names.task_key(task_id), SUMMARY)
            rows = await pipe.execute()
        return [find_summary(task_id, row) for task_id, row in zip(task_ids, rows, strict=True)]

    def _leave(self, task_id: str, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiters[task_id]
        waiters.discard(waiter)
        if not waiters:
            del self._waiters[task_id]

    async def _has_ended(self, task_id: str) -> bool:
        found = self._redis.hget(names.task_key(task_id), "status")
        status = await cast("Any", found)
        return status is None or TaskStatus(status).is_final

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(names.TASK_EVENTS)
                    await self._receive(subscription)
            except (RedisError, OSError) as error:
                if self._subscribed.is_set():
                    log.warning("task_events_lost", error=type(error).__name__)
            self._subscribed.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _receive(self, subscription: PubSub) -> None:
        unanswered = 0
        while True:
            message = await subscription.get_message(timeout=_PING_SECONDS)
            if message is None:
                if unanswered >= 2:
                    raise ConnectionError
                await subscription.ping()
                unanswered += 1
                continue
            unanswered = 0
            if message["type"] == "subscribe":
                await self._look_at_all()
                self._subscribed.set()
                if self.follower is not None:
                    self.follower.missed()
            elif message["type"] == "message":
                try:
                    self._tell(message["data"])
                except (ValueError, TypeError, KeyError):  # of another version, or nobody's
                    log.warning("task_event_unreadable")

    async def _look_at_all(self) -> None:
        """After a break, see to those whose task ended unheard."""
        for task_id in list(self._waiters):
            if await self._has_ended(task_id):
                self._resolve(task_id)

    def _tell(self, data: str) -> None:
        follower = self.follower if self.follower and self.follower.is_interested else None
        if not self._waiters and follower is None:
            return
        event = orjson.loads(data)
        if follower is not None:
            follower.changed(event["task_id"])
        if event["task_id"] in self._waiters and TaskStatus(event["status"]).is_final:
            self._resolve(event["task_id"])

    def _resolve(self, task_id: str) -> None:
        for waiter in self._waiters.get(task_id, ()):
            if not waiter.done():
                waiter.set_result(None)
