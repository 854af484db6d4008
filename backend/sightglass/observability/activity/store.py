"""Steps of activity in Redis: a hash for each step of time, a field for each sampler.

A sampler writes the whole of its field, so that writing again after a lost answer counts nothing
twice; who reads adds the fields up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.observability.activity.values import Values

_CONNECT_SECONDS = 0.5
_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Resolution:
    """How long a step is, and how long it is kept."""

    seconds: int
    kept_seconds: int

    def start_of(self, moment: float) -> int:
        """The start of the step that this moment is in."""
        return math.floor(moment / self.seconds) * self.seconds


# A little longer than two hours and a day, the longest that are asked for.
FINE = Resolution(10, 7_800)
COARSE = Resolution(60, 90_000)
RESOLUTIONS = (FINE, COARSE)


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in one step: increases that add up, and the highest of each level."""

    counts: Values = field(default_factory=dict)
    levels: Values = field(default_factory=dict)

    def add(self, other: Step) -> None:
        for name, value in other.counts.items():
            self.counts[name] = self.counts.get(name, 0.0) + value
        for name, value in other.levels.items():
            self.levels[name] = max(self.levels.get(name, value), value)


Steps = Mapping[tuple[Resolution, int], Step]


class ActivityStore:
    """Safe to share between threads. Raises `redis.RedisError` or `OSError` when Redis is away."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def write(self, sampler_id: str, steps: Steps, now: float) -> None:
        """Keep these steps of one sampler, in the place of what it wrote of them before."""
        pipeline = self._redis.pipeline(transaction=False)
        for (resolution, start), step in steps.items():
            key = _key(resolution, start)
            pipeline.hset(key, sampler_id, orjson.dumps(step))
            pipeline.expire(key, max(1, int(start + resolution.kept_seconds - now)))
        pipeline.execute()

    def read(self, resolution: Resolution, starts: Sequence[int]) -> list[Step | None]:
        """Each step over all samplers; None where nobody sampled."""
        pipeline = self._redis.pipeline(transaction=False)
        for start in starts:
            pipeline.hvals(_key(resolution, start))
        return [_sum(fields) for fields in pipeline.execute()]

    def close(self) -> None:
        self._redis.close()


def _sum(fields: Iterable[bytes]) -> Step | None:
    total: Step | None = None
    for data in fields:
        total = total or Step()
        total.add(Step(**orjson.loads(data)))
    return total


def _key(resolution: Resolution, start: int) -> str:
    return f"sightglass:activity:{resolution.seconds}:{start}"
