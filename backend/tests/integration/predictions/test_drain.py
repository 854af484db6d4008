"""From the stream to the history, with crashes in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from sightglass.errors import HistoryUnavailableError
from sightglass.predictions import record
from sightglass.predictions.drain import Drain
from sightglass.predictions.history import History
from sightglass.predictions.journal import Journal
from sightglass.storage.database import reading
from sightglass.storage.tables import rejected_records
from tests.integration.servers import RedisServer
from tests.made_predictions import make_prediction

STREAM = "sightglass:journal"


@pytest.fixture
def journal(redis_server: RedisServer, tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(redis_server.url, tmp_path / "spool")
    yield journal
    journal.close()


@pytest.fixture
def drain(redis_server: RedisServer, history: History) -> Drain:
    return Drain(redis_server.url, history)


def left_in_stream(server: RedisServer) -> tuple[int, int]:
    """Entries, and those of them that were delivered and not acknowledged."""
    with server.client() as client:
        groups: Any = client.xinfo_groups(STREAM)
        return int(client.xlen(STREAM)), sum(int(group["pending"]) for group in groups)


def test_all_arrive_and_leave_the_stream(
    journal: Journal, drain: Drain, history: History, redis_server: RedisServer
) -> None:
    made = [make_prediction(seed) for seed in range(700)]
    for prediction in made:
        journal.append(prediction)
    assert [drain.run_once() for _ in range(3)] == [500, 200, 0]
    assert history.count() == 700
    assert left_in_stream(redis_server) == (0, 0)
    found = history.get_prediction(made[3].id)
    assert found["detections"][0]["confidence"] == made[3].detections[0].confidence


def test_same_record_twice_is_kept_once(journal: Journal, drain: Drain, history: History) -> None:
    prediction = make_prediction()
    for _ in range(3):
        journal.append(prediction)
        drain.run_once()
    assert history.count() == 1


def test_death_before_the_commit(
    journal: Journal, history: History, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_prediction())
    with monkeypatch.context() as patch:
        patch.setattr(History, "add", _die)
        with pytest.raises(KeyboardInterrupt):
            Drain(redis_server.url, history).run_once()
    assert left_in_stream(redis_server) == (1, 1)
    Drain(redis_server.url, history).run_once()
    assert (history.count(), left_in_stream(redis_server)) == (1, (0, 0))


def test_death_between_commit_and_acknowledgement(
    journal: Journal, history: History, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_prediction())
    with monkeypatch.context() as patch:
        patch.setattr(Drain, "_acknowledge", _die)
        with pytest.raises(KeyboardInterrupt):
            Drain(redis_server.url, history).run_once()
    assert (history.count(), left_in_stream(redis_server)) == (1, (1, 1))
    Drain(redis_server.url, history).run_once()
    assert (history.count(), left_in_stream(redis_server)) == (1, (0, 0))


def test_records_of_a_dead_machine_are_taken_over(
    journal: Journal, history: History, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_prediction())
    with monkeypatch.context() as patch:
        patch.setattr(History, "add", _die)
        with pytest.raises(KeyboardInterrupt):
            Drain(redis_server.url, history, consumer="dead").run_once()
    assert Drain(redis_server.url, history, consumer="alive").run_once() == 0  # may live yet
    monkeypatch.setattr("sightglass.predictions.drain._ABANDONED_SECONDS", 0.0)
    assert Drain(redis_server.url, history, consumer="alive").run_once() == 1
    assert history.count() == 1


def test_unreadable_records_are_set_aside(
    journal: Journal, drain: Drain, history: History, redis_server: RedisServer
) -> None:
    no_id = record.encode(make_prediction(id="../../etc"))
    too_large = make_prediction()
    broken = [b"{", b"\xff\x00", b'{"id": 3}', no_id]
    with redis_server.client() as client:
        for raw in broken:
            client.xadd(STREAM, {"r": raw})
        client.xadd(STREAM, {"something": "else"})
    journal.append(too_large)
    drain.run_once()
    with reading(history.engine) as connection:
        kept = [bytes(row.raw) for row in connection.execute(rejected_records.select())]
    assert kept == broken
    assert (history.count(), left_in_stream(redis_server)) == (1, (0, 0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created_at", "-5.0"),
        ("created_at", "1e12"),
        ("total_milliseconds", "1e20"),
        ("milliseconds", '{"queue": 1e300}'),
        ("milliseconds", '{"queue": NaN}'),
        ("total_milliseconds", "Infinity"),
    ],
)
def test_what_would_stop_the_export_is_set_aside(
    drain: Drain, history: History, redis_server: RedisServer, field: str, value: str
) -> None:
    fields = json.loads(record.encode(make_prediction()))
    fields[field] = "HERE"
    raw = json.dumps(fields).replace('"HERE"', value).encode()
    with redis_server.client() as client:
        client.xadd(STREAM, {"r": raw})
    drain.run_once()
    with reading(history.engine) as connection:
        assert [bytes(row.raw) for row in connection.execute(rejected_records.select())] == [raw]
    assert (history.count(), left_in_stream(redis_server)) == (0, (0, 0))


@pytest.mark.parametrize("number", [2**63, 2**70])
def test_record_the_database_refuses(
    journal: Journal, drain: Drain, history: History, redis_server: RedisServer, number: int
) -> None:
    good, bad = make_prediction(1), make_prediction(2)
    raw = record.encode(bad).replace(b'"size_bytes":120002', b'"size_bytes":%d' % number)
    with redis_server.client() as client:
        client.xadd(STREAM, {"r": raw})
    journal.append(good)
    drain.run_once()
    with reading(history.engine) as connection:
        assert len(connection.execute(rejected_records.select()).all()) == 1
    assert history.count() == 1
    assert left_in_stream(redis_server) == (0, 0)


def test_history_away_keeps_records_in_the_stream(
    journal: Journal, drain: Drain, history: History, redis_server: RedisServer
) -> None:
    journal.append(make_prediction())
    with history.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE predictions RENAME TO away")
        connection.commit()
    with pytest.raises(HistoryUnavailableError):
        drain.run_once()
    journal.append(make_prediction())
    with history.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO predictions")
        connection.commit()
    assert drain.run_once() == 1
    assert drain.run_once() == 1
    assert history.count() == 2


def test_redis_that_lost_its_data(journal: Journal, drain: Drain, history: History) -> None:
    journal.append(make_prediction())
    drain.run_once()
    drain._redis.flushall()
    journal.append(make_prediction())
    assert drain.run_once() == 1
    assert history.count() == 2


def test_redis_killed_under_load(
    redis_server: RedisServer, history: History, tmp_path: Path
) -> None:
    journal = Journal(redis_server.url, tmp_path / "spool")
    journal.start()
    drain = Drain(redis_server.url, history)
    stop = threading.Event()
    runner = threading.Thread(target=drain.run_forever, args=(stop,), kwargs={"niceness": 0})
    runner.start()
    made: list[str] = []
    made_lock = threading.Lock()

    def serve(first: int) -> None:
        for seed in range(first, first + 400):
            prediction = make_prediction(seed)
            journal.append(prediction)
            with made_lock:
                made.append(prediction.id)
            time.sleep(0.005)

    servers = [threading.Thread(target=serve, args=(n * 1000,)) for n in range(3)]
    for thread in servers:
        thread.start()
    for _ in range(2):
        time.sleep(0.6)
        redis_server.kill()
        time.sleep(0.3)
        redis_server.start()
    for thread in servers:
        thread.join()
    deadline = time.monotonic() + 30
    while history.count() < len(made) and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    runner.join()
    journal.close()
    assert history.count() == len(made) == len(set(made)) == 1200
    assert all(history.get_prediction(each)["id"] == each for each in made[::50])


def test_redis_away_at_start(history: History, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "late")
    drain = Drain(server.url, history)
    with pytest.raises(redis.ConnectionError):
        drain.run_once()
    with server:
        assert drain.run_once() == 0


def _die(*_args: object) -> None:
    raise KeyboardInterrupt
