"""Errors that nobody foresaw, in a real API and a real worker, and what arrives at Sentry."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from sightglass.jobs import names
from sightglass.predictions.history import History
from sightglass.storage.database import create_engine
from tests.contract.api_server import ApiServer
from tests.hostile import pictures
from tests.integration.jobs.test_worker_metrics import Worker
from tests.integration.observability.sentry_server import SentryServer
from tests.integration.servers import RedisServer
from tests.made_predictions import make_prediction

PERSON = "anna-passport.jpg"
SECRET = "hunter2hunter2"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


def api_server(folder: Path, redis: RedisServer, sentry: SentryServer) -> ApiServer:
    return ApiServer(
        folder, redis.url, sentry_dsn=sentry.dsn, release="r7", environment="test", no_proxy="*"
    )


def break_a_record(server: ApiServer) -> str:
    """A prediction whose record is no JSON, as after a repair by hand; returns its id."""
    database = Path(server.folder) / "state" / "sightglass.db"
    engine = create_engine(f"sqlite:///{database}")
    prediction = make_prediction()
    History(engine).add([prediction])
    engine.dispose()
    with closing(sqlite3.connect(database)) as connection, connection:
        broken = f'{{"image_name": "{PERSON}", '
        connection.execute("UPDATE predictions SET record = ?", (broken,))
    return prediction.id


def ask(client: httpx.Client, prediction_id: str, request_id: str = "find-me") -> httpx.Response:
    return client.get(
        f"/predictions/{prediction_id}",
        params={"api_key": SECRET},
        headers={
            "X-Request-ID": request_id,
            "X-API-Key": f"sg_1a2b_{SECRET}",
            "Cookie": f"sid={SECRET}",
            "User-Agent": f"agent {SECRET}",
        },
    )


def test_error_of_the_api(tmp_path: Path, redis_server: RedisServer) -> None:
    with (
        SentryServer() as sentry,
        api_server(tmp_path / "api", redis_server, sentry) as server,
        server.client() as client,
    ):
        prediction_id = break_a_record(server)
        answer = ask(client, prediction_id)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        (event,) = sentry.wait_for(1)
        for number in range(300):
            assert ask(client, prediction_id, f"again-{number}").status_code == 500
        assert client.get("/health/live").status_code == 200
        server.stop()
        assert 1 < len(sentry.events()) <= 6
        assert sentry.kinds() == {"event"}
        lines = [line for line in server.log_lines() if line["event"] == "unhandled_error"]
    assert len(lines) == 301  # the log tells each
    tags = event["tags"]
    assert (tags["component"], tags["request_id"]) == ("api", "find-me")
    assert (tags["model"], tags["path"]) == ("street:1", "/predictions/{prediction_id}")
    assert (event["release"], event["environment"]) == ("r7", "test")
    (error,) = event["exception"]["values"]
    assert error["type"] == "JSONDecodeError"
    assert any(f["module"] == "sightglass.predictions.history" for f in _frames(error))
    for private in (SECRET, PERSON, "127.0.0.1", "?api_key"):
        assert private not in sentry.text()


def test_error_of_the_worker(tmp_path: Path, redis_server: RedisServer) -> None:
    with SentryServer() as sentry:
        with api_server(tmp_path / "platform", redis_server, sentry) as server:
            picture = {"file": (PERSON, pictures.jpeg(), "image/jpeg")}
            with server.client() as client:
                answer = client.post("/process-image/async", files=picture)
            task_id = str(answer.json()["task_id"])
        with redis_server.client() as redis:
            # A field of a later version: what follows a downgrade with tasks in the queue.
            job = json.loads(redis.hget(names.task_key(task_id), "job") or "")
            job[f"{PERSON} for 10.1.2.3"] = True
            redis.hset(names.task_key(task_id), "job", json.dumps(job))
        settings = {"SENTRY_DSN": sentry.dsn, "NO_PROXY": "*", "ENVIRONMENT": "test"}
        with Worker(tmp_path / "platform", redis_server.url, **settings):
            event = sentry.wait_for(1)[0]
    tags = event["tags"]
    assert (tags["component"], tags["task_id"]) == ("worker", task_id)
    assert tags["model"] == "street:1"
    (error,) = event["exception"]["values"]
    assert error["type"] == "TypeError"
    assert "unexpected keyword argument" in error["value"]
    for private in (PERSON, "10.1.2.3"):
        assert private not in sentry.text()


def test_silent_sentry_delays_neither_answers_nor_the_end(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with (
        SentryServer(answers=False) as sentry,
        api_server(tmp_path / "api", redis_server, sentry) as server,
    ):
        with server.client() as client:
            prediction_id = break_a_record(server)
            began = time.monotonic()
            for _ in range(100):
                assert ask(client, prediction_id).status_code == 500
            assert time.monotonic() - began < 15  # of which Sentry would take 30 for one
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 8  # else `stop` had to kill it after ten
        assert str(server.log_lines()[-1]["event"]).startswith("Finished server process")


def _frames(error: dict[str, dict[str, list[dict[str, str]]]]) -> list[dict[str, str]]:
    return error["stacktrace"]["frames"]
