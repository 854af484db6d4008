"""Counts what each key uses, in Redis: requests against its rate, images against its quota.

Each process counts for itself what it lets through, and Redis counts for all. Counting must not
fail or delay an answer: what Redis does not say in time is decided by the count of this process,
until Redis is back and has been told.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import limits
import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sightglass.access.caller import Caller
from sightglass.access.window_counts import Limit, OwnCounts, SharedCounts, Usage
from sightglass.errors import KeyLimitError, QuotaExceededError, RateLimitedError
from sightglass.observability import metrics

log = structlog.get_logger(__name__)

_PREFIX = "sightglass:limits"
_PATIENCE_SECONDS = 0.05  # for all that one request asks of Redis
# For what no request waits for. On a busy machine it is often we who are late, not Redis: an
# answer that comes after its request has gone on counts all the same.
_ANSWER_SECONDS = 1.0
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
    """Counts for all API processes together. Belongs to one event loop."""

    def __init__(self, redis_url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            redis_url,
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._patience_seconds = patience_seconds
        self._redis = redis.asyncio.Redis.from_pool(pool)
        self._shared = SharedCounts(pool, _PREFIX)
        self._own = OwnCounts()
        self._untold = OwnCounts()  # of these, what Redis has still to hear of
        self._asked: set[asyncio.Task[Usage]] = set()
        self._looking: asyncio.Task[None] | None = None  # while Redis is away

    async def charge(self, caller: Caller, *, images: int = 0) -> Allowance | None:
        """Count one request, and the images that it brings; None for a caller without limits.

        Raises `RateLimitedError` and `QuotaExceededError`; a request that is refused here uses
        nothing of the quota.
        """
        if caller.key_id is None:
            return None
        deadline = self._deadline(self._patience_seconds)
        used = []
        for error, limit, amount in _limits_of(caller, images):
            usage = await self._use(limit, amount, deadline)
            if not usage.enough:
                metrics.api_key_requests.labels(caller.name, error.result).inc()
                refused = _allowance(usage, caller)
                raise error(retry_after_seconds=usage.reset_seconds, allowance=refused)
            used.append(usage)
        metrics.api_key_requests.labels(caller.name, "ok").inc()
        if not used:
            return None
        tightest = min(used, key=lambda usage: usage.remaining / usage.limit.most)
        return _allowance(tightest, caller, images if caller.quota else 0)

    async def give_back(self, allowance: Allowance) -> None:
        """Take the images of a request that came to nothing off the quota again."""
        caller, images = allowance.caller, allowance.images
        if images and caller.quota:
            quota = _limit("quota", caller, caller.quota)
            self._own.use(quota, -images)
            if self._looking is not None:  # who took them from Redis must give them to Redis
                await asyncio.wait((self._looking,), timeout=_ANSWER_SECONDS)
            await self._ask_redis(quota, -images, self._deadline(_ANSWER_SECONDS))

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        if self._asked:
            await asyncio.wait(self._asked, timeout=_ANSWER_SECONDS)
        await self._redis.aclose()

    async def _use(self, limit: Limit, amount: int, deadline: float) -> Usage:
        """Here first: what this process alone has let through, Redis has not less of. So an answer
        of Redis that came too late, or a Redis that forgot, opens no gate twice.
        """
        here = self._own.use(limit, amount)
        if not here.enough:
            return here
        usage = await self._ask_redis(limit, amount, deadline) or here
        if not usage.enough:
            self._own.use(limit, -amount)
        return usage

    async def _ask_redis(self, limit: Limit, amount: int, deadline: float) -> Usage | None:
        """As `_use`, of all processes together; None when Redis does not answer in time."""
        if self._looking is not None:
            self._untold.use(limit, amount)
            return None
        asked = asyncio.create_task(self._shared.use(limit, amount))
        self._asked.add(asked)
        asked.add_done_callback(functools.partial(self._answered, limit, amount))
        await asyncio.wait((asked,), timeout=deadline - asyncio.get_running_loop().time())
        if asked.done() and not asked.exception():
            return asked.result()
        self._count_alone(asked.exception() if asked.done() else TimeoutError())
        return None

    def _answered(self, limit: Limit, amount: int, asked: asyncio.Task[Usage]) -> None:
        """In time or late: what Redis did not count, it has still to hear of."""
        self._asked.discard(asked)
        if asked.cancelled() or asked.exception() is not None:
            self._untold.use(limit, amount)

    def _deadline(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    def _count_alone(self, error: BaseException | None) -> None:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_redis(error), name="limiter")

    async def _look_for_redis(self, error: BaseException | None) -> None:
        """Here and not in a request, so that none waits for a Redis that is away."""
        if not await self._is_told():  # else it was only late
            log.warning("limits_counted_alone", reason=type(error).__name__)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            while not await self._is_told():
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            log.info("limits_counted_together")
        self._looking = None

    async def _is_told(self) -> bool:
        """Whether Redis takes writes (one that is full answers a ping), and knows of everything
        that was let through without it.
        """
        if self._asked:
            await asyncio.wait(self._asked)
        try:
            await self._redis.set(f"{_PREFIX}:probe", 1, ex=1)
            while usage := self._untold.take():
                await self._tell(usage)
        except (RedisError, OSError):
            return False
        return True

    async def _tell(self, usage: Usage) -> None:
        try:
            await self._shared.add(usage)
        except (RedisError, OSError):
            self._untold.use(usage.limit, usage.used)
            raise


def _limits_of(caller: Caller, images: int) -> Iterator[tuple[type[KeyLimitError], Limit, int]]:
    """Each limit that a request falls under: its error, and how much of it the request uses."""
    if caller.rate:
        yield RateLimitedError, _limit("rate", caller, caller.rate), 1
    if caller.quota and images:
        yield QuotaExceededError, _limit("quota", caller, caller.quota), images


@functools.lru_cache(maxsize=4096)
def _limit(kind: str, caller: Caller, notation: str) -> Limit:
    return Limit(limits.parse(notation), (kind, str(caller.key_id)))


def _allowance(usage: Usage, caller: Caller, images: int = 0) -> Allowance:
    return Allowance(usage.limit.most, usage.remaining, usage.reset_seconds, caller, images)
