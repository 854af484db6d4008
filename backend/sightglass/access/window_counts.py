"""Counts against limits in sliding windows: of this process alone, and in Redis of all of them.

It is always the last second, minute or day that counts, as well as two numbers can tell: what the
window that runs has seen, and what the one before it has, as far as that still reaches into the
last second, minute or day. Windows begin with the first use, in both places.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import redis.asyncio
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

# What is left of the window before is rounded down: just after this moment it is one less.
_TICK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so much in any period, for one holder."""

    item: RateLimitItem
    holder: tuple[str, str]  # rate or quota, and the key's id

    @property
    def most(self) -> int:
        return self.item.amount


@dataclass(frozen=True, slots=True)
class Usage:
    """What a limit said when it was asked for some of it.

    `enough`: there was so much left, and it is used now. `reset_seconds`: until there is room for
    one more; 0 when nothing is used.
    """

    limit: Limit
    enough: bool
    remaining: int
    reset_seconds: float

    @property
    def used(self) -> int:
        return self.limit.most - self.remaining


class OwnCounts:
    """What this process let through, in three numbers for each limit. Belongs to one thread.

    Not the memory storage of `limits`: that walks all that it has kept at every use (6 ms with
    ten thousand limits), and begins its windows at other moments than its storage in Redis.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Limit, tuple[float, int, int]] = {}  # start, and the counts of two windows

    def use(self, limit: Limit, amount: int) -> Usage:
        """Use so much of the limit when it is left. A negative amount gives back, at most what the
        window that runs has seen.
        """
        now, period = self._clock(), limit.item.get_expiry()
        start, current, previous = self._kept.get(limit, (now, 0, 0))
        if now >= start + 2 * period:
            start, current, previous = now, 0, 0
        elif now >= start + period:
            start, current, previous = start + period, 0, current
        share_left = 1 - (now - start) / period  # of the window before
        reaching = math.floor(previous * share_left)
        enough = current + reaching + amount <= limit.most
        if enough:
            current = max(0, current + amount)
            self._kept[limit] = (start, current, previous)
        if reaching:
            share_left -= reaching / previous
        reset = share_left * period + _TICK_SECONDS if current or reaching else 0.0
        return Usage(limit, enough, limit.most - current - reaching, reset)

    def take(self) -> Usage | None:
        """Take out the counts of one limit; None when there are no more."""
        if not self._kept:
            return None
        usage = self.use(next(iter(self._kept)), 0)
        del self._kept[usage.limit]
        return usage


class SharedCounts:
    """What all processes let through, in Redis. Raises what redis-py raises."""

    def __init__(self, pool: redis.asyncio.ConnectionPool, prefix: str) -> None:
        # The address is that of the pool; `limits` wants one all the same.
        options = cast("dict[str, Any]", {"connection_pool": pool, "key_prefix": prefix})
        self._storage = RedisStorage("redis://", implementation="redispy", **options)
        self._counter = SlidingWindowCounterRateLimiter(self._storage)

    async def use(self, limit: Limit, amount: int) -> Usage:
        """As `OwnCounts.use`."""
        if amount < 0:
            key, period = limit.item.key_for(*limit.holder), limit.item.get_expiry()
            _, _, current, _ = await self._storage.get_sliding_window(key, period)
            amount = max(amount, -current)
        enough = await self._counter.hit(limit.item, *limit.holder, cost=amount)
        return await self._usage(limit, enough=enough)

    async def add(self, usage: Usage) -> None:
        """Count what was used elsewhere, as much of it as there is room for."""
        known = await self._usage(usage.limit, enough=True)
        amount = min(usage.used, known.remaining)
        if amount:
            await self._counter.hit(usage.limit.item, *usage.limit.holder, cost=amount)

    async def _usage(self, limit: Limit, *, enough: bool) -> Usage:
        reset_at, remaining = await self._counter.get_window_stats(limit.item, *limit.holder)
        reset = max(0.0, reset_at - time.time())
        return Usage(limit, enough, remaining, reset + _TICK_SECONDS if reset else 0.0)
