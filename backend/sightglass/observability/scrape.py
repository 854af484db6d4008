"""What /metrics shows: the numbers that all processes wrote, and what Redis says right now.

A scrape must never hang: each question to Redis has 0.2 s, and without an answer its numbers are
left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import redis
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.observability.metrics import SCRAPED

_TIMEOUT_SECONDS = 0.2


class RedisCollector(Collector):
    """Asks Redis at scrape time for the lengths of the task queues and of the journal."""

    def __init__(self, redis_url: str, *, queues: Sequence[str], stream: str) -> None:
        self._queues = tuple(queues)
        self._stream = stream
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when the collector is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            lengths, stream_length, oldest = self._ask()
        except (redis.RedisError, OSError):
            yield _gauge("redis_up", 0)
            return
        yield _gauge("redis_up", 1)
        queues = GaugeMetricFamily(
            "celery_queue_length", SCRAPED["celery_queue_length"], labels=["queue"]
        )
        for queue, length in zip(self._queues, lengths, strict=True):
            queues.add_metric([queue], length)
        yield queues
        yield _gauge("journal_stream_length", stream_length)
        yield _gauge("journal_lag_seconds", _age_seconds(oldest))

    def close(self) -> None:
        self._redis.close()

    def _ask(self) -> tuple[list[int], int, list[Any]]:
        pipeline = self._redis.pipeline(transaction=False)
        for queue in self._queues:
            pipeline.llen(queue)
        pipeline.xlen(self._stream)
        pipeline.xrange(self._stream, count=1)
        *lengths, stream_length, oldest = pipeline.execute()
        return lengths, stream_length, oldest


def exposition(accept: str, *collectors: Collector) -> tuple[bytes, str]:
    """The metrics of all processes and of these collectors, and their Content-Type."""
    registry = CollectorRegistry(auto_describe=False)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Default())
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Default(Collector):
    """The metrics of this process alone, when no folder is shared (tests and the command line)."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, SCRAPED[name], value=value)


def _age_seconds(oldest: list[Any]) -> float:
    """Age of a stream's first entry, whose id begins with its milliseconds; 0 when empty."""
    if not oldest:
        return 0.0
    written_ms = int(oldest[0][0].partition(b"-")[0])
    return max(0.0, time.time() - written_ms / 1000)
