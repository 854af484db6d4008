"""Backups of the SQL part: from each database into another, at older schemas, all or nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sightglass.backup import archive, history, tables
from sightglass.backup.archive import BackupError
from sightglass.backup.create import create
from sightglass.backup.restore import restore
from sightglass.errors import SetupError
from sightglass.predictions.history import History
from sightglass.storage.database import (
    create_engine,
    known_revisions,
    migrate,
    reading,
    revision_of,
    writing,
)
from sightglass.storage.tables import metadata
from tests.integration.backup.filled_databases import (
    SQL_ONLY,
    Databases,
    content,
    fill,
    settings_for,
)
from tests.made_predictions import make_prediction

# The migration path from a laptop to a server, and each database as source and as target.
WAYS = [("sqlite", "postgresql"), ("postgresql", "mariadb"), ("mariadb", "sqlite")]


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_every_row_arrives(source: str, target: str, databases: Databases, tmp_path: Path) -> None:
    old, new = databases.new(source), databases.new(target)
    fill(old, 1200)  # more than are read or written at once
    path = create(settings_for(old, tmp_path), tmp_path / "backups", without=SQL_ONLY)
    manifest = restore(settings_for(new, tmp_path), path)
    assert manifest["sql"]["tables"]["predictions"]["rows"] == 1202
    before = content(old)
    assert content(new) == before
    assert all(before[name] for name in before)
    # New rows get numbers of their own.
    engine = create_engine(new)
    assert History(engine).add([make_prediction(5000)]) == 1
    with reading(engine) as connection:
        log = connection.execute(sa.select(metadata.tables["audit_log"])).mappings().all()
    assert [entry["action"] for entry in log] == ["backup_restored"]
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_one_moment_while_rows_come(kind: str, databases: Databases, tmp_path: Path) -> None:
    """A prediction and its classes are written together: a backup has both or neither."""
    url = databases.new(kind)
    migrate(url)
    engine = create_engine(url)
    kept = History(engine)
    kept.add([make_prediction(1)])
    with tables.snapshot(engine) as connection:
        [first] = tables.reflect(connection, ["predictions"])
        assert tables.count_rows(connection, first) == 1
        kept.add([make_prediction(2)])
        classes = connection.scalar(
            sa.text("SELECT count(DISTINCT prediction_id) FROM prediction_classes")
        )
        assert (tables.count_rows(connection, first), classes) == (1, 1)
    assert kept.count() == 2
    engine.dispose()


def test_full_database_is_not_replaced_unasked(databases: Databases, tmp_path: Path) -> None:
    url = databases.new("postgresql")
    fill(url)
    settings = settings_for(url, tmp_path)
    path = create(settings, tmp_path / "backups", without=SQL_ONLY)
    engine = create_engine(url)
    History(engine).add([make_prediction(9000)])
    with pytest.raises(BackupError, match="not empty"):
        restore(settings, path)
    assert History(engine).count() == 41
    engine.dispose()
    restore(settings, path, force=True)
    engine = create_engine(url)
    assert History(engine).count() == 40
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_failed_restore_changes_nothing(kind: str, databases: Databases, tmp_path: Path) -> None:
    """A row that the database refuses, in the last table: the first ones are rolled back too."""
    url = databases.new(kind)
    fill(url)
    settings = settings_for(url, tmp_path)
    path = create(settings, tmp_path / "backups", without=SQL_ONLY)
    part = archive.verify(path)["sql"]
    before = content(url)
    engine = create_engine(url)

    def broken() -> Iterator[archive.Member]:
        yield from archive.members(path, lambda name: name.startswith("sql/"))
        row = io.BytesIO(b'["id", "only one of its columns"]\n')
        yield archive.Member("sql/prediction_classes/000099.jsonl", 1, 0.0, row)

    with pytest.raises(ValueError), writing(engine) as connection:
        history.restore(connection, part, broken(), subject="x", actor="test")
    assert content(url) == before
    engine.dispose()


def test_database_in_use_is_an_error_and_no_hang(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_LOCK_SECONDS", 1)
    url = databases.new("postgresql")
    fill(url)
    settings = settings_for(url, tmp_path)
    path = create(settings, tmp_path / "backups", without=SQL_ONLY)
    before = content(url)
    other = create_engine(url)
    with reading(other) as connection:
        connection.execute(sa.text("SELECT count(*) FROM predictions"))
        with pytest.raises(BackupError, match="stop whatever else uses the database"):
            restore(settings, path, force=True)
    other.dispose()
    assert content(url) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_older_schema_is_migrated(kind: str, databases: Databases, tmp_path: Path) -> None:
    """A backup made before an upgrade is restored after it."""
    old = databases.new(kind)
    fill(old)
    for revision in reversed(known_revisions()[:-1]):
        migrate(old, revision)
        path = create(settings_for(old, tmp_path), tmp_path / "backups", without=SQL_ONLY)
        new = databases.new("sqlite")
        assert restore(settings_for(new, tmp_path), path)["sql"]["revision"] == revision
        engine = create_engine(new)
        assert History(engine).count() == 40
        with reading(engine) as connection:
            assert revision_of(connection) == known_revisions()[-1]
        engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_each_migration_down_and_up_with_data(kind: str, databases: Databases) -> None:
    url = databases.new(kind)
    fill(url)
    before = content(url)
    for revision in reversed(known_revisions()[:-1]):
        assert migrate(url, revision)[1] == revision
        assert migrate(url)[1] == known_revisions()[-1]
    after = content(url)
    assert after["predictions"] == before["predictions"]
    assert after["prediction_classes"] == before["prediction_classes"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_schema_of_a_later_version(kind: str, databases: Databases, tmp_path: Path) -> None:
    """It is neither migrated nor backed up, and both say why."""
    url = databases.new(kind)
    migrate(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE schema_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SetupError, match="schema 9999"):
        migrate(url)
    with pytest.raises(BackupError, match="schema 9999"):
        create(settings_for(url, tmp_path), tmp_path / "backups", without=SQL_ONLY)
    assert not list((tmp_path / "backups").glob("*.gz"))


def test_backup_of_a_later_version(databases: Databases, tmp_path: Path) -> None:
    url = databases.new("sqlite")
    path = tmp_path / "later.tar.gz"
    with archive.writing_archive(path) as writer:
        writer.finish({"sql": {"revision": "9999", "tables": {}}})
    with pytest.raises(BackupError, match="schema 9999"):
        restore(settings_for(url, tmp_path), path)
