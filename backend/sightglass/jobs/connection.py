"""Connections to Redis that fail fast: who calls decides whether to try again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.errors import QueueUnavailableError

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 2.0


def connect(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> redis.Redis:
    """A client; nothing is sent before its first command. Safe to share between threads.

    redis-py would retry three times with seconds in between: on the path of a request that only
    delays the honest answer.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
    )


@contextmanager
def reachable(message: str = "The task queue cannot be reached.") -> Iterator[None]:
    """Raise `QueueUnavailableError` for what Redis fails at."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise QueueUnavailableError(message) from error
