"""The audit log: appended to, paged, and told of a served model once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sightglass.access.audit import Action, AuditLog, command_line_user
from sightglass.access.served_model import ServedModel, ServedModelAudit, record_served
from sightglass.errors import AccessUnavailableError, InvalidParameterError
from sightglass.storage.database import create_engine, migrate

STREET = ServedModel("street", "1", "a" * 64)
BETTER = ServedModel("street", "2", "b" * 64)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    migrate(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def audit(engine: Engine) -> AuditLog:
    return AuditLog(engine)


def test_what_is_recorded_is_read(audit: AuditLog) -> None:
    audit.record(
        Action.BACKUP_RESTORED,
        "of-monday.tar\x00" + "x" * 300,
        actor=command_line_user(),
        details={"rows": 7, "path": Path("/a")},
        request_id="r1",
    )
    entry = audit.list_entries().entries[0]
    assert entry.action == "backup_restored"
    assert entry.subject.startswith("of-monday.tar\ufffdx")
    assert len(entry.subject) == 255
    assert entry.actor.startswith("cli")
    assert entry.details == {"rows": 7, "path": "/a"}
    assert entry.request_id == "r1"
    assert entry.host
    assert abs(entry.at - time.time()) < 60


def test_pages_newest_first(audit: AuditLog) -> None:
    for number in range(7):
        audit.record(Action.KEY_CREATED, f"key-{number}", actor="test")
    seen: list[str] = []
    cursor = None
    while True:
        page = audit.list_entries(3, cursor)
        seen += [entry.subject for entry in page.entries]
        audit.record(Action.KEY_REVOKED, "meanwhile", actor="test")
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"key-{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("cursor", ["", "x", "0", "-1", "1" * 30, "٣"])
def test_cursors_that_are_none(audit: AuditLog, cursor: str) -> None:
    with pytest.raises(InvalidParameterError):
        audit.list_entries(cursor=cursor)


def test_a_served_model_is_told_once(audit: AuditLog, engine: Engine) -> None:
    for model in (STREET, STREET, BETTER, BETTER, STREET):
        assert record_served(engine, "api", model)
    assert record_served(engine, "worker", STREET)
    told = [(entry.actor, entry.subject) for entry in audit.list_entries().entries]
    assert told == [
        ("worker", "street 1"),
        ("api", "street 1"),
        ("api", "street 2"),
        ("api", "street 1"),
    ]
    newest = audit.list_entries(2).entries[1]
    assert newest.details["before"]["version"] == "2"
    assert newest.details["served"]["sha256"] == STREET.sha256


def test_another_file_of_the_same_version_is_a_change(audit: AuditLog, engine: Engine) -> None:
    for digest in ("a", "b"):
        record_served(engine, "api", ServedModel("street", "1", digest * 64))
    assert len(audit.list_entries().entries) == 2


def test_it_waits_for_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tables yet: nothing fails, and it is told once they are there."""
    monkeypatch.setattr("sightglass.access.served_model._FIRST_PAUSE_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'late.db'}"
    engine = create_engine(url)
    audit = AuditLog(engine)
    with pytest.raises(AccessUnavailableError):
        audit.list_entries()
    telling = ServedModelAudit(engine, "api", STREET)
    telling.start()
    time.sleep(0.2)
    migrate(url)
    until = time.monotonic() + 30
    while not audit.list_entries().entries:
        assert time.monotonic() < until, "it was never told"
        time.sleep(0.05)
    telling.close()
    engine.dispose()
