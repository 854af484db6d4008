"""Counts what each key uses, in Redis: requests against its rate, images against its quota.

Each process counts for itself what it lets through, and Redis counts for all. Counting must not
fail or delay an answer: what Redis does not say in time is decided by the count of this process,
until Redis is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import limits
import redis.asyncio
import structlog
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter as Counter
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sightglass.access.caller import Caller
from sightglass.errors import KeyLimitError, QuotaExceededError, RateLimitedError
from sightglass.observability import metrics

log = structlog.get_logger(__name__)

_PREFIX = "sightglass:limits"
_PATIENCE_SECONDS = 0.05  # for all that one request asks of Redis
_LOOK_AGAIN_SECONDS = 1.0
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a caller's tightest limit. `images`: what the request used of the quota."""

    limit: int
    remaining: int
    reset_seconds: float  # until there is room for one more
    caller: Caller
    images: int = 0


class Limiter:
    """Counts for all API processes together. Belongs to one event loop.

    Windows slide: it is always the last second, minute or day that counts, as well as two counts,
    of the window that runs and of the one before, can tell (`limits`' sliding window counter).
    """

    def __init__(self, redis_url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            redis_url,
            max_connections=_CONNECTIONS,
            timeout=patience_seconds,
            socket_connect_timeout=patience_seconds,
            socket_timeout=patience_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._patience_seconds = patience_seconds
        self._redis = redis.asyncio.Redis.from_pool(pool)
        # The address is that of the pool; `limits` wants one all the same.
        options = cast("dict[str, Any]", {"connection_pool": pool, "key_prefix": _PREFIX})
        self._shared = Counter(RedisStorage("redis://", implementation="redispy", **options))
        self._alone = Counter(MemoryStorage())  # what this process let through, always
        self._looking: asyncio.Task[None] | None = None  # while Redis is away

    async def charge(self, caller: Caller, *, images: int = 0) -> Allowance | None:
        """Count one request, and the images that it brings; None for a caller without limits.

        Raises `RateLimitedError` and `QuotaExceededError`; a request that is refused here uses
        nothing of the quota.
        """
        if caller.key_id is None:
            return None
        deadline = self._deadline()
        try:
            left = [
                await self._use(limit, amount, deadline)
                for limit, amount in _limits_of(caller, images)
            ]
        except KeyLimitError as error:
            metrics.api_key_requests.labels(caller.name, error.result).inc()
            raise
        metrics.api_key_requests.labels(caller.name, "ok").inc()
        return min(left, key=lambda one: one.remaining / one.limit, default=None)

    async def give_back(self, allowance: Allowance) -> None:
        """Take the images of a request that came to nothing off the quota again."""
        caller, images = allowance.caller, allowance.images
        if images and caller.quota:
            quota = _Limit("quota", caller, caller.quota, images)
            await quota.use(self._alone, -images)
            await self._ask_redis(quota, -images, self._deadline())

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._redis.aclose()

    async def _use(self, limit: _Limit, amount: int, deadline: float) -> Allowance:
        """What is left of it then. Raises the limit's error when there was not so much left.

        Here first: what this process alone has let through, Redis has not less of. So an answer of
        Redis that came too late, or a Redis that forgot, opens no gate twice.
        """
        here = await limit.use(self._alone, amount)
        try:
            return await self._ask_redis(limit, amount, deadline) or here
        except KeyLimitError:
            await limit.use(self._alone, -amount)
            raise

    async def _ask_redis(self, limit: _Limit, amount: int, deadline: float) -> Allowance | None:
        """As `_use`, of all processes together; None when Redis does not answer in time."""
        if self._looking is None:
            try:
                async with asyncio.timeout_at(deadline):
                    return await limit.use(self._shared, amount)
            except (RedisError, OSError) as error:  # a timeout is an OSError too
                self._count_alone(error)
        return None

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience_seconds

    def _count_alone(self, error: Exception) -> None:
        if self._looking is None:
            log.warning("limits_counted_alone", reason=type(error).__name__)
            self._looking = asyncio.create_task(self._look_for_redis(), name="limiter")

    async def _look_for_redis(self) -> None:
        """Here and not in a request, so that none waits for a Redis that is away."""
        while not await self._redis_answers():
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        log.info("limits_counted_together")
        self._looking = None

    async def _redis_answers(self) -> bool:
        """Whether it takes a write: one that is full answers a ping."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._redis.set(f"{_PREFIX}:probe", 1, ex=1)
        except (RedisError, OSError):
            return False
        return True


class _Limit:
    """The rate or the quota of one caller."""

    def __init__(self, kind: str, caller: Caller, notation: str, images: int) -> None:
        self._caller = caller
        self._images = images if caller.quota else 0
        self._item = _parsed(notation)
        self._place = (kind, str(caller.key_id))
        self._error = QuotaExceededError if kind == "quota" else RateLimitedError

    async def use(self, counter: Counter, amount: int) -> Allowance:
        """What is left then. Raises the error of this limit when there is not so much left."""
        enough = await counter.hit(self._item, *self._place, cost=amount)
        reset_at, remaining = await counter.get_window_stats(self._item, *self._place)
        left = Allowance(
            limit=self._item.amount,
            remaining=max(0, remaining),
            reset_seconds=max(0.0, reset_at - time.time()),
            caller=self._caller,
            images=self._images if enough else 0,
        )
        if not enough:
            raise self._error(retry_after_seconds=left.reset_seconds, allowance=left)
        return left


def _limits_of(caller: Caller, images: int) -> Iterator[tuple[_Limit, int]]:
    """Each limit that a request falls under, with how much of it the request uses."""
    if caller.rate:
        yield _Limit("rate", caller, caller.rate, images), 1
    if caller.quota and images:
        yield _Limit("quota", caller, caller.quota, images), images


@functools.lru_cache(maxsize=1024)
def _parsed(notation: str) -> limits.RateLimitItem:
    return limits.parse(notation)
