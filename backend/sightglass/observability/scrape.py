"""What /metrics shows: the numbers that all processes wrote, and what Redis says right now.

A scrape must never hang: each question to Redis has 0.2 s, and without an answer its numbers are
left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import redis
from prometheus_client import REGISTRY, CollectorRegistry, Metric, start_http_server
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.observability.dead_processes import forget_dead_processes
from sightglass.observability.heartbeats import SignsOfLife, ask, understand
from sightglass.observability.metrics import SCRAPED
from sightglass.observability.process_memory import ProcessMemory

_TIMEOUT_SECONDS = 0.2


class RedisCollector(Collector):
    """Asks Redis at scrape time for the lengths of the task queues and of the journal, and, where
    keys are given, for signs of life (`heartbeats`: name to key), the last health check and the
    time of the last backup.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        queues: Sequence[str],
        stream: str,
        heartbeats: Mapping[str, str] = MappingProxyType({}),
        health_key: str | None = None,
        backup_key: str | None = None,
    ) -> None:
        self._queues = tuple(queues)
        self._stream = stream
        self._heartbeats = dict(heartbeats)
        self._last_keys = (health_key or "", backup_key or "")
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
            levels, signs, (health, backup) = self._ask()
        except (redis.RedisError, OSError):
            yield _gauge("redis_up", 0)
            return
        yield _gauge("redis_up", 1)
        yield from self._levels(*levels)
        for name, sign in zip(self._heartbeats, signs, strict=True):
            if name == "worker":
                yield _gauge("celery_workers", sign.alive)
            if sign.age_seconds is not None:
                yield _gauge(f"{name}_heartbeat_age_seconds", sign.age_seconds)
        if health:
            yield _service_up(health)
        if backup:
            yield _gauge("backup_last_success_timestamp_seconds", float(backup))

    def close(self) -> None:
        self._redis.close()

    def _levels(
        self, lengths: list[int], stream_length: int, oldest: list[Any]
    ) -> Iterator[Metric]:
        queues = GaugeMetricFamily(
            "celery_queue_length", SCRAPED["celery_queue_length"], labels=["queue"]
        )
        for queue, length in zip(self._queues, lengths, strict=True):
            queues.add_metric([queue], length)
        yield queues
        yield _gauge("journal_stream_length", stream_length)
        yield _gauge("journal_lag_seconds", _age_seconds(oldest))

    def _ask(
        self,
    ) -> tuple[tuple[list[int], int, list[Any]], list[SignsOfLife], list[bytes | None]]:
        pipeline = self._redis.pipeline(transaction=False)
        for queue in self._queues:
            pipeline.llen(queue)
        pipeline.xlen(self._stream)
        pipeline.xrange(self._stream, count=1)
        ask(pipeline, list(self._heartbeats.values()))
        pipeline.mget(self._last_keys)
        *answers, last = pipeline.execute()
        count = len(self._queues)
        lengths, (stream_length, oldest) = answers[:count], answers[count : count + 2]
        return (lengths, stream_length, oldest), understand(answers[count + 2 :]), last


def exposition(accept: str, *collectors: Collector) -> tuple[bytes, str]:
    """The metrics of all processes and of these collectors, and their Content-Type."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        forget_dead_processes(Path(folder))
    registry = _registry(folder)
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def answer_scrapes(port: int) -> None:
    """Show the metrics on a port of their own, from a thread, as a process does that shares no
    metrics folder with an API. 0: not wanted.
    """
    if port:
        registry = _registry(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
        start_http_server(port, registry=registry)


def _registry(folder: str | None) -> CollectorRegistry:
    """What all processes that share the folder have counted; without one, what this one has."""
    registry = CollectorRegistry(auto_describe=False)
    if folder:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(ProcessMemory(Path(folder)))
    else:
        registry.register(_Default())
    return registry


class _Default(Collector):
    """The metrics of this process alone, when no folder is shared (tests and the command line)."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, SCRAPED[name], value=value)


def _service_up(health: bytes) -> Metric:
    """Of those that could be asked: `unknown` is neither up nor down."""
    family = GaugeMetricFamily("service_up", SCRAPED["service_up"], labels=["service"])
    for service, found in orjson.loads(health).items():
        if found["status"] != "unknown":
            family.add_metric([service], float(found["status"] == "up"))
    return family


def _age_seconds(oldest: list[Any]) -> float:
    """Age of a stream's first entry, whose id begins with its milliseconds; 0 when empty."""
    if not oldest:
        return 0.0
    written_ms = int(oldest[0][0].partition(b"-")[0])
    return max(0.0, time.time() - written_ms / 1000)
