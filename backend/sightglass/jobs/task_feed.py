"""Changes of tasks for everybody who watches, coalesced: between `task_events` and the streams.

However many events there are, Redis is read a few times a second, once for all subscribers, and
each row is encoded once. Nothing is done while nobody watches.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from sightglass.errors import OverloadedError
from sightglass.jobs.task_events import TaskEvents
from sightglass.jobs.task_state import TaskState

log = structlog.get_logger(__name__)

BATCH_SECONDS = 0.2  # five batches a second look live to a person
MOST_PENDING = 1000  # rows; more than that is cheaper to list anew
MOST_SUBSCRIBERS = 256
_RETRY_SECONDS = 0.5
_SUBSCRIBE_AGAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class News:
    """What is new: rows, or a reset (list the tasks anew), or nothing."""

    reset: bool = False
    rows: Sequence[bytes] = ()


class Subscription:
    """What one subscriber has not taken yet: the latest row of each task, or a reset."""

    def __init__(self) -> None:
        self.has_ended = False
        self._reset = True  # who comes knows nothing yet
        self._rows: dict[str, bytes] = {}
        self._something = asyncio.Event()
        self._something.set()

    async def take(self, timeout_seconds: float) -> News:
        """What is new since the last time; nothing when the time is over or the feed has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._something.wait()
        news = News(self._reset, tuple(self._rows.values()))
        self._reset, self._rows = False, {}
        if not self.has_ended:
            self._something.clear()
        return news

    def put(self, rows: Mapping[str, bytes]) -> None:
        if self._reset:
            return  # the list that it makes the subscriber ask for has these
        self._rows |= rows
        if len(self._rows) > MOST_PENDING:
            self.reset()
        else:
            self._something.set()

    def reset(self) -> None:
        self._reset = True
        self._rows = {}
        self._something.set()

    def end(self) -> None:
        self.has_ended = True
        self._something.set()


class TaskFeed:
    """Reads what changed and hands it to all subscribers. Belongs to one event loop.

    `encode` makes the row that subscribers get of a task's state.
    """

    def __init__(self, events: TaskEvents, encode: Callable[[TaskState], bytes]) -> None:
        self._events = events
        self._encode = encode
        self._subscriptions: set[Subscription] = set()
        self._changed: set[str] = set()
        self._missed = False
        self._something = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._has_ended = False

    def start(self) -> None:
        """Follow the events, in the background."""
        self._events.follower = self
        self._running = asyncio.create_task(self._run(), name="task-feed")

    async def close(self) -> None:
        self.end()
        self._events.follower = None
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    def end(self) -> None:
        """End all subscriptions, also those that are still to come: the server is stopping."""
        self._has_ended = True
        for subscription in self._subscriptions:
            subscription.end()

    # --- subscribers

    def subscribe(self) -> Subscription:
        """A subscription, to be given to `leave` in any case. Raises `OverloadedError`."""
        if len(self._subscriptions) >= MOST_SUBSCRIBERS:
            raise OverloadedError(
                "Too many clients watch the tasks.", retry_after_seconds=_SUBSCRIBE_AGAIN_SECONDS
            )
        subscription = Subscription()
        if self._has_ended:
            subscription.end()
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    # --- what the events tell

    @property
    def is_interested(self) -> bool:
        return bool(self._subscriptions)

    def changed(self, task_id: str) -> None:
        if len(self._changed) < MOST_PENDING:
            self._changed.add(task_id)
        elif task_id not in self._changed:
            self._missed = True
        self._something.set()

    def missed(self) -> None:
        self._missed = True
        self._something.set()

    # --- handing on

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self._hand_on()
            except (RedisError, OSError):
                self._something.set()  # what changed is kept, and read when Redis is back
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # one unreadable task must not end the feed
                log.exception("task_feed_failed")
                self.missed()
            await asyncio.sleep(BATCH_SECONDS)

    async def _hand_on(self) -> None:
        ids, self._changed = self._changed, set()
        missed, self._missed = self._missed, False
        if missed:  # subscribers list all tasks anew, so these are seen too
            self._reset_all()
        elif ids and self._subscriptions:
            await self._read(ids)

    async def _read(self, ids: set[str]) -> None:
        wanted = list(ids)
        try:
            states = await self._events.find_states(wanted)
        except (RedisError, OSError):
            for task_id in wanted:
                self.changed(task_id)
            raise
        if None in states:  # a task was taken back, and a row cannot say so
            self._reset_all()
            return
        rows = {state.id: self._encode(state) for state in states if state is not None}
        for subscription in self._subscriptions:
            subscription.put(rows)

    def _reset_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.reset()
