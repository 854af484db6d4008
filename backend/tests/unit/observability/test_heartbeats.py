"""Who lives, and since when nobody does, by the clock of Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sightglass.backup.redis_state import RedisState
from sightglass.jobs import names
from sightglass.jobs.heartbeat import Heartbeat
from sightglass.observability.scrape import RedisCollector, exposition
from tests.integration.servers import RedisServer

KEY = names.heartbeat_key("worker")


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def scraped(server: RedisServer) -> dict[str, float]:
    collector = RedisCollector(
        server.url,
        queues=(),
        stream="journal",
        heartbeats={name: names.heartbeat_key(name) for name in ("worker", "beat")},
        health_key=names.LAST_HEALTH,
        backup_key=names.LAST_BACKUP,
    )
    text, _ = exposition("", collector)
    collector.close()
    return {
        sample.name + sample.labels.get("service", ""): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def silent_for(server: RedisServer, seconds: float) -> None:
    """Let every sign of life of the workers be this much older."""
    with server.client() as client:
        for member, _ in client.zscan_iter(KEY):
            client.zincrby(KEY, -seconds, member)


def test_nobody_ever(redis_server: RedisServer) -> None:
    found = scraped(redis_server)
    assert found["celery_workers"] == 0
    assert "worker_heartbeat_age_seconds" not in found
    assert "beat_heartbeat_age_seconds" not in found


def test_workers_are_counted_each(redis_server: RedisServer) -> None:
    workers = [Heartbeat(redis_server.url, "worker") for _ in range(3)]
    for worker in workers:
        worker.beat()
    found = scraped(redis_server)
    assert found["celery_workers"] == 3
    assert 0 <= found["worker_heartbeat_age_seconds"] < 5
    assert "beat_heartbeat_age_seconds" not in found
    workers[0].close()
    assert scraped(redis_server)["celery_workers"] == 2
    for worker in workers[1:]:
        worker.close()
    time.sleep(0.1)
    found = scraped(redis_server)
    assert found["celery_workers"] == 0
    assert found["worker_heartbeat_age_seconds"] >= 0.1  # an orderly end is silence too


def test_killed_worker_is_no_longer_counted(redis_server: RedisServer) -> None:
    killed, living = (Heartbeat(redis_server.url, "worker") for _ in range(2))
    killed.beat()
    silent_for(redis_server, 11)
    assert scraped(redis_server)["celery_workers"] == 0
    assert scraped(redis_server)["worker_heartbeat_age_seconds"] >= 11
    living.beat()
    assert scraped(redis_server)["celery_workers"] == 1
    silent_for(redis_server, 61)
    living.beat()
    with redis_server.client() as client:
        assert client.zcard(KEY) == 2  # the living and the latest: the killed one is forgotten
    for worker in (killed, living):
        worker.close()


def test_services_of_the_last_health_check(redis_server: RedisServer) -> None:
    states = {"mlflow": "down", "redis": "up", "database": "unknown"}
    with redis_server.client() as client:
        text = orjson.dumps({name: {"status": status} for name, status in states.items()})
        client.set(names.LAST_HEALTH, text)
    found = scraped(redis_server)
    assert found["service_upmlflow"] == 0
    assert found["service_upredis"] == 1
    assert "service_updatabase" not in found


def test_last_backup(redis_server: RedisServer) -> None:
    assert "backup_last_success_timestamp_seconds" not in scraped(redis_server)
    with closing(RedisState(redis_server.url)) as state:
        state.note_backup()
    found = scraped(redis_server)["backup_last_success_timestamp_seconds"]
    assert time.time() - 60 < found <= time.time()
