"""Keys and the audit log on the databases that are one setting away, and while one is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from sqlalchemy import Engine

from sightglass.access.audit import Action, AuditLog
from sightglass.access.caller import Caller, Scope
from sightglass.access.directory import KeyDirectory, Timing
from sightglass.access.key_text import KeyText, new_key
from sightglass.access.keys import Keys, NewKey
from sightglass.access.served_model import ServedModel, record_served
from sightglass.errors import AccessUnavailableError, KeyNameTakenError
from sightglass.storage.database import create_engine, migrate
from tests.integration.sql_servers import MariadbServer, PostgresServer, SqlServer

KINDS: dict[str, type[SqlServer]] = {"postgresql": PostgresServer, "mariadb": MariadbServer}
DETECT = frozenset({Scope.DETECT})


@pytest.fixture(scope="module", params=list(KINDS))
def sql_server(request: pytest.FixtureRequest) -> Iterator[SqlServer]:
    with (
        TemporaryDirectory(prefix=f"sightglass-{request.param}-") as folder,
        KINDS[request.param](Path(folder)) as server,
    ):
        migrate(server.url)
        yield server


@pytest.fixture
def engine(sql_server: SqlServer) -> Iterator[Engine]:
    engine = create_engine(sql_server.url)
    yield engine
    engine.dispose()


def freeze(server: SqlServer) -> list[psutil.Process]:
    """Stop all its processes: PostgreSQL's own children are in groups of their own."""
    main = psutil.Process(server.pid)
    family = [main, *main.children(recursive=True)]
    for process in family:
        process.suspend()
    return family


def find(directory: KeyDirectory, text: KeyText) -> Caller:
    return asyncio.run(directory.find(text.joined()))


def test_keys_from_their_making_to_their_end(engine: Engine) -> None:
    keys = Keys(engine)
    made, text = keys.create(NewKey("life", DETECT, "5/second", "9/day", 60), actor="test")
    assert [key for key in keys.list_keys() if key.id == text.id] == [made]
    with pytest.raises(KeyNameTakenError):
        keys.create(NewKey("life", DETECT), actor="test")
    keys.create(NewKey("LIFE", DETECT), actor="test")
    keys.note_uses({made.id: 1000.0})
    keys.note_uses({made.id: 900.0})
    ended, now = keys.revoke("life", actor="test")
    assert now
    assert ended.last_used_at == 1000.0
    entries = AuditLog(engine).list_entries(200).entries
    told = [(entry.action, entry.subject) for entry in entries if entry.subject == "life"]
    assert told == [("key_revoked", "life"), ("key_created", "life")]


def test_replicas_that_start_together_tell_once(engine: Engine) -> None:
    model = ServedModel("street", "7", "c" * 64)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: record_served(engine, "api", model), range(6)))
    assert all(done)
    entries = AuditLog(engine).list_entries(200).entries
    told = [entry for entry in entries if entry.action == Action.MODEL_SERVED]
    assert [entry.subject for entry in told] == ["street 7"]


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_known_keys_outlive_the_database(sql_server: SqlServer, engine: Engine, how: str) -> None:
    keys = Keys(engine)
    _, known = keys.create(NewKey(f"known-{how}", DETECT), actor="test")
    timing = Timing(every=0.2, least_pause=0.05, longest_wait=2.0, trusted=600.0)
    directory = KeyDirectory(keys, timing)
    directory.start()
    caller = find(directory, known)
    frozen = freeze(sql_server) if how == "frozen" else []
    if not frozen:
        sql_server.kill()
    try:
        time.sleep(0.5)  # readings fail, or hang
        for _ in range(20):
            began = time.monotonic()
            assert find(directory, known) == caller
            assert time.monotonic() - began < 1.8  # it did not wait for the database
        with pytest.raises(AccessUnavailableError):
            find(directory, new_key())
    finally:
        for process in frozen:
            process.resume()
        if not frozen:
            sql_server.start()
    made, text = keys.create(NewKey(f"after-{how}", DETECT), actor="test")
    give_up_at = time.monotonic() + 30
    while True:
        try:
            assert find(directory, text) == made.caller()
            break
        except AccessUnavailableError:
            assert time.monotonic() < give_up_at, "the database was not found again"
    directory.close()


def test_trust_ends(sql_server: SqlServer, engine: Engine) -> None:
    keys = Keys(engine)
    _, known = keys.create(NewKey("trusted", DETECT), actor="test")
    directory = KeyDirectory(
        keys, Timing(every=0.2, least_pause=0.05, longest_wait=1.0, trusted=1.0)
    )
    directory.start()
    caller = find(directory, known)
    sql_server.kill()
    try:
        give_up_at = time.monotonic() + 30
        while directory.is_usable(caller):
            assert time.monotonic() < give_up_at, "it is trusted for ever"
            time.sleep(0.05)
        with pytest.raises(AccessUnavailableError):
            find(directory, known)
    finally:
        sql_server.start()
    directory.close()
