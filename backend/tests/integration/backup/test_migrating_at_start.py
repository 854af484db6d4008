"""Processes that start on a database that is empty, away, or made by a later version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import sqlalchemy as sa

from sightglass.predictions.history import History
from sightglass.storage.database import (
    create_engine,
    known_revisions,
    reading,
    revision_of,
    writing,
)
from tests.contract.api_server import ApiServer
from tests.hostile import pictures
from tests.integration.servers import RedisServer
from tests.integration.sql_servers import PostgresServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]

IMAGE = pictures.jpeg(pictures.photo(320, 240))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="sightglass-migrating-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def redis_server(folder: Path) -> Iterator[RedisServer]:
    with RedisServer(folder / "redis") as server:
        yield server


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(folder / "postgres") as server:
        yield server


def test_two_replicas_and_a_database_that_comes_late(
    folder: Path, redis_server: RedisServer, postgres: PostgresServer
) -> None:
    """While it is away they serve, and nothing is lost; then both find one set of tables."""
    postgres.kill()
    first = ApiServer(folder / "a", redis_server.url, database_url=postgres.url)
    drain = first.drain()
    second = ApiServer(folder / "b", redis_server.url, database_url=postgres.url)
    with first, drain, first.client() as client:
        files = {"file": ("photo.jpg", IMAGE, "image/jpeg")}
        early = client.post("/process-image", files=files)
        assert early.status_code == 200
        assert client.get("/predictions").json()["code"] == "history_unavailable"
        postgres.start()
        with second, second.client() as other:
            late = other.post("/process-image", files=files)
            wanted = {answer.json()["prediction_id"] for answer in (early, late)}
            _wait_for(other, wanted)
            assert "history_not_migrated" not in {line["event"] for line in second.log_lines()}


def test_two_replicas_start_at_once_on_an_empty_database(
    folder: Path, redis_server: RedisServer, postgres: PostgresServer
) -> None:
    engine = sa.create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE fresh")
    engine.dispose()
    url = postgres.url.rpartition("/")[0] + "/fresh"
    replicas = [ApiServer(folder / n, redis_server.url, database_url=url) for n in ("c", "d")]
    try:
        for replica in replicas:
            replica.begin()
        for replica in replicas:
            replica.wait_for_answer()
            with replica.client() as client:
                assert client.get("/predictions").json()["predictions"] == []
            said = [line["event"] for line in replica.log_lines()]
            assert "history_not_migrated" not in said
    finally:
        for replica in replicas:
            replica.kill()


def test_older_version_on_a_newer_schema(
    folder: Path, redis_server: RedisServer, postgres: PostgresServer
) -> None:
    """What a rollback of the software meets: it says so, and goes on."""
    engine = create_engine(postgres.url)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE schema_version SET version_num = '9999'"))
        connection.execute(sa.text("ALTER TABLE predictions ADD COLUMN later text"))
    api = ApiServer(folder / "e", redis_server.url, database_url=postgres.url)
    try:
        with api, api.drain(), api.client() as client:
            files = {"file": ("photo.jpg", IMAGE, "image/jpeg")}
            made = client.post("/process-image", files=files).json()["prediction_id"]
            _wait_for(client, {made})
            said = [x for x in api.log_lines() if x["event"] == "history_not_migrated"]
            assert "schema 9999" in str(said)
    finally:
        with writing(engine) as connection:
            connection.execute(sa.text("ALTER TABLE predictions DROP COLUMN later"))
            head = known_revisions()[-1]
            connection.execute(sa.text(f"UPDATE schema_version SET version_num = '{head}'"))
    with reading(engine) as connection:
        assert revision_of(connection) == known_revisions()[-1]
    assert History(engine).count() >= 1
    engine.dispose()


def _wait_for(client: httpx.Client, wanted: set[str]) -> None:
    """Until all of them are in the history."""
    until = time.monotonic() + 60
    while True:
        rows = client.get("/predictions").json().get("predictions", [])
        if wanted <= {row["id"] for row in rows}:
            return
        assert time.monotonic() < until, f"not in the history: {wanted}"
        time.sleep(0.2)
