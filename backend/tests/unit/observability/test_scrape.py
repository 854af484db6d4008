"""What a scrape says of Redis: its queues and its journal, or only that it is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sightglass.observability.scrape import RedisCollector, exposition
from tests.integration.servers import RedisServer, free_port


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def scraped(url: str) -> dict[tuple[str, str], float]:
    collector = RedisCollector(url, queues=("images", "maintenance"), stream="journal")
    text, content_type = exposition("", collector)
    collector.close()
    assert content_type.startswith("text/plain")
    return {
        (sample.name, sample.labels.get("queue", "")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_queues_and_journal(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.rpush("images", "a", "b")
        client.xadd("journal", {"record": "x"})
    time.sleep(0.1)
    found = scraped(redis_server.url)
    assert found["redis_up", ""] == 1
    assert found["celery_queue_length", "images"] == 2
    assert found["celery_queue_length", "maintenance"] == 0
    assert found["journal_stream_length", ""] == 1
    assert 0.1 <= found["journal_lag_seconds", ""] < 60


def test_empty_journal_has_no_lag(redis_server: RedisServer) -> None:
    assert scraped(redis_server.url)["journal_lag_seconds", ""] == 0


def test_redis_away() -> None:
    began = time.monotonic()
    found = scraped(f"redis://127.0.0.1:{free_port()}/0")
    assert time.monotonic() - began < 1
    assert found["redis_up", ""] == 0
    assert ("celery_queue_length", "images") not in found
    assert ("journal_stream_length", "") not in found


def test_redis_that_does_not_answer(redis_server: RedisServer) -> None:
    redis_server.pause()
    try:
        began = time.monotonic()
        assert scraped(redis_server.url)["redis_up", ""] == 0
        assert time.monotonic() - began < 1
    finally:
        redis_server.resume()
