"""Counting what keys use: in a real Redis, without it, and when it is too slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from sightglass.access.caller import EVERYONE, Caller, Scope
from sightglass.access.limiter import Allowance, Limiter
from sightglass.errors import KeyLimitError, QuotaExceededError, RateLimitedError
from sightglass.observability import metrics
from tests.integration.servers import RedisServer


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


def caller(name: str = "a", *, rate: str | None = None, quota: str | None = None) -> Caller:
    return Caller(f"id-{name}", name, frozenset(Scope), rate, quota)


def with_limiter(
    redis: RedisServer, body: Callable[[Limiter], Awaitable[None]], patience_seconds: float = 10
) -> None:
    """By default so patient that a busy machine changes nothing."""

    async def run() -> None:
        limiter = Limiter(redis.url, patience_seconds=patience_seconds)
        try:
            await body(limiter)
        finally:
            await limiter.close()

    asyncio.run(run())


async def accepted(limiter: Limiter, who: Caller, requests: int, images: int = 0) -> int:
    """How many of so many requests are let through."""
    done = 0
    for _ in range(requests):
        try:
            await limiter.charge(who, images=images)
            done += 1
        except KeyLimitError:
            continue
    return done


async def left(limiter: Limiter, who: Caller, images: int = 0) -> Allowance:
    found = await limiter.charge(who, images=images)
    assert found is not None
    return found


def counted(name: str, result: str) -> float:
    return float(metrics.api_key_requests.labels(name, result)._value.get())


def test_rate(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller("rated", rate="5/minute")
        first = await left(limiter, who)
        assert (first.limit, first.remaining, first.images) == (5, 4, 0)
        assert await accepted(limiter, who, 10) == 4
        with pytest.raises(RateLimitedError) as refused:
            await limiter.charge(who)
        assert 0 < refused.value.retry_after_seconds <= 60
        assert isinstance(refused.value.allowance, Allowance)
        assert refused.value.allowance.remaining == 0
        assert await accepted(limiter, caller("other", rate="5/minute"), 3) == 3
        assert (counted("rated", "ok"), counted("rated", "rate_limited")) == (5, 7)

    with_limiter(redis_server, body)


def test_window_slides(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller(rate="3/second")
        assert await accepted(limiter, who, 5) == 3
        await asyncio.sleep(2.1)  # two windows later nothing of it counts
        assert await accepted(limiter, who, 5) == 3

    with_limiter(redis_server, body)


def test_quota_counts_images_alone(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller("quoted", quota="4/day")
        assert await limiter.charge(who) is None  # nothing of it is limited
        assert (await left(limiter, who, images=3)).remaining == 1
        with pytest.raises(QuotaExceededError):
            await limiter.charge(who, images=2)
        assert (await left(limiter, who, images=1)).remaining == 0
        with pytest.raises(QuotaExceededError) as refused:
            await limiter.charge(who, images=1)
        assert 3600 < refused.value.retry_after_seconds <= 86_400
        assert await limiter.charge(who) is None
        assert counted("quoted", "quota") == 2

    with_limiter(redis_server, body)


def test_the_tightest_is_told(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller(rate="100/minute", quota="4/day")
        assert (await left(limiter, who)).limit == 100
        assert (await left(limiter, who, images=1)).limit == 4
        roomy = caller("roomy", rate="4/minute", quota="10000/day")
        found = await left(limiter, roomy, images=1)
        assert (found.limit, found.remaining, found.images) == (4, 3, 1)

    with_limiter(redis_server, body)


def test_given_back(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller(rate="100/minute", quota="2/day")
        for _ in range(5):
            await limiter.give_back(await left(limiter, who, images=1))
        assert await accepted(limiter, who, 4, images=1) == 2

    with_limiter(redis_server, body)


def test_without_limits_redis_is_not_asked(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        redis_server.pause()
        started = time.monotonic()
        for who in (EVERYONE, caller("free")):
            for _ in range(20):
                assert await limiter.charge(who, images=1) is None
        assert time.monotonic() - started < 10
        redis_server.resume()
        assert counted("free", "ok") == 20

    with_limiter(redis_server, body)


def test_two_processes_count_together(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        second = Limiter(redis_server.url, patience_seconds=10)
        who = caller(rate="10/minute")
        both = await asyncio.gather(accepted(limiter, who, 8), accepted(second, who, 8))
        await second.close()
        assert sum(both) == 10

    with_limiter(redis_server, body)


def test_many_at_once_get_no_more_than_allowed(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller(rate="30/minute")
        results = await asyncio.gather(*(accepted(limiter, who, 1) for _ in range(60)))
        assert sum(results) == 30

    with_limiter(redis_server, body)


def test_answers_that_come_too_late_do_not_open_the_gate(redis_server: RedisServer) -> None:
    """Of sixty at once many wait too long for their turn, and some do not."""

    async def body(limiter: Limiter) -> None:
        who = caller(rate="30/minute")
        await limiter.charge(who)
        results = await asyncio.gather(*(accepted(limiter, who, 1) for _ in range(60)))
        assert sum(results) == 29

    with_limiter(redis_server, body, patience_seconds=0.005)


def test_retry_after_is_true(redis_server: RedisServer) -> None:
    """Who waits as told is let through: process and Redis count in the same windows, but for the
    time between them. The header of an answer is rounded up to whole seconds.
    """

    async def body(limiter: Limiter) -> None:
        who = caller(rate="10/second")
        for _ in range(10):
            while True:
                try:
                    await limiter.charge(who)
                except RateLimitedError as refused:
                    await asyncio.sleep(refused.retry_after_seconds + 0.2)
                    break
            await limiter.charge(who)

    with_limiter(redis_server, body)


def test_what_is_answered_late_is_counted_for_all(redis_server: RedisServer) -> None:
    """On a busy machine it is often we who are late: Redis must know of it all the same."""

    async def body(limiter: Limiter) -> None:
        late = Limiter(redis_server.url, patience_seconds=0)
        who = caller("late", quota="30/day")
        assert await accepted(late, who, 10, images=1) == 10
        kept = [await left(late, who, images=1) for _ in range(10)]
        for allowance in kept:  # and of what is given back
            await late.give_back(allowance)
        await late.close()
        assert await accepted(limiter, who, 40, images=1) == 20

    with_limiter(redis_server, body)


def test_given_back_in_another_window(redis_server: RedisServer) -> None:
    """It must not leave more than there ever was."""

    async def body(limiter: Limiter) -> None:
        who = caller(quota="5/second")
        kept = [await left(limiter, who, images=1) for _ in range(5)]
        await asyncio.sleep(1)
        for allowance in kept:
            await limiter.give_back(allowance)
        await asyncio.sleep(0.9)  # the five count for a tenth, that is for nothing
        other = Limiter(redis_server.url, patience_seconds=10)
        assert await accepted(other, who, 9, images=1) == 5
        await other.close()

    with_limiter(redis_server, body)


def _hurt(redis: RedisServer, trouble: str) -> None:
    if trouble == "killed":
        redis.kill()
    elif trouble == "frozen":
        redis.pause()
    else:
        with redis.client() as client:
            client.config_set("maxmemory", 1)


def _heal(redis: RedisServer, trouble: str) -> None:
    if trouble == "killed":
        redis.start()
    elif trouble == "frozen":
        redis.resume()
    else:
        with redis.client() as client:
            client.config_set("maxmemory", 0)


@pytest.mark.parametrize("trouble", ["killed", "frozen", "full"])
def test_redis_goes_and_comes_back(redis_server: RedisServer, trouble: str) -> None:
    async def body(limiter: Limiter) -> None:
        who = caller(rate="1000/day")
        for _ in range(100):
            await limiter.charge(who)
        _hurt(redis_server, trouble)
        slowest = 0.0
        for number in range(50):
            started = time.monotonic()
            found = await left(limiter, who)
            slowest = max(slowest, time.monotonic() - started)
            assert found.remaining == 1000 - 100 - number - 1  # it knows what it let through
        assert slowest < 1  # 50 ms by design; a busy machine adds to it
        _heal(redis_server, trouble)
        other = Limiter(redis_server.url, patience_seconds=10)
        for number in range(1, 200):  # it hears of the fifty of Redis's absence
            if (await left(other, who)).remaining <= 1000 - 50 - number:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("Redis was not told")
        await other.close()

    with_limiter(redis_server, body, patience_seconds=0.05)


def test_limits_hold_without_redis(redis_server: RedisServer) -> None:
    async def body(limiter: Limiter) -> None:
        redis_server.kill()
        who = caller(rate="5/day", quota="3/day")
        assert await accepted(limiter, who, 9, images=1) == 3
        await limiter.give_back(Allowance(3, 0, 1.0, who, images=1))
        assert await accepted(limiter, caller(quota="3/day"), 3, images=1) == 1

    with_limiter(redis_server, body, patience_seconds=0.05)
