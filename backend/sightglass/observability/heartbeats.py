"""Signs of life of processes without a port, as they lie in Redis.

A sorted set for each kind of process: every process that lives, by the time of its last sign,
and `latest` for the last sign of any. Times are those of Redis: no other clock has a say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

FRESH_SECONDS = 10.0  # a process beats every two; a busy machine may make it late
_LATEST = ("latest", b"latest")

# Also forgets who has been silent for a minute, and all of it after a day without a sign.
BEAT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[1], now, ARGV[1], now, 'latest')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60)
redis.call('EXPIRE', KEYS[1], 86400)
"""


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """Of one kind of process. `age_seconds` of the last sign; None: none within a day."""

    alive: int
    age_seconds: float | None


def ask(pipeline: Any, keys: Sequence[str]) -> None:
    """Add the question to a pipeline of redis-py; it takes `1 + len(keys)` answers."""
    pipeline.time()
    for key in keys:
        pipeline.zrange(key, 0, -1, withscores=True)


def understand(answers: Sequence[Any]) -> list[SignsOfLife]:
    """What the pipeline answered to `ask`, in the order of its keys."""
    (seconds, microseconds), *sets = answers
    now = seconds + microseconds / 1e6
    return [_signs(now, members) for members in sets]


def _signs(now: float, members: Sequence[tuple[str | bytes, float]]) -> SignsOfLife:
    alive = sum(1 for when in _times_of_processes(members) if now - when <= FRESH_SECONDS)
    latest = next((when for member, when in members if member in _LATEST), None)
    return SignsOfLife(alive, None if latest is None else max(0.0, now - latest))


def _times_of_processes(members: Sequence[tuple[str | bytes, float]]) -> Iterator[float]:
    return (when for member, when in members if member not in _LATEST)
