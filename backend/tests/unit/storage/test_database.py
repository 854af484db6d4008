"""SQLite engines and migrations."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from sightglass.errors import SetupError
from sightglass.storage.database import create_engine, migrate, reading, writing
from sightglass.storage.locks import exclusive
from sightglass.storage.tables import metadata


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new folder' / 'history.db'}"


def test_migrations_make_the_tables(url: str) -> None:
    migrate(url)
    migrate(url)
    engine = create_engine(url)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_several_processes_migrate_at_once(url: str) -> None:
    with get_context("spawn").Pool(3) as pool:
        pool.map(migrate, [url] * 3)
        pool.close()
        pool.join()
    engine = create_engine(url)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM predictions")) == 0
    engine.dispose()


def test_write_is_rolled_back_by_an_error(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    twice = text("INSERT INTO prediction_classes VALUES ('a', 'bus', 1), ('a', 'bus', 1)")
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(twice)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM prediction_classes")) == 0
    engine.dispose()


def test_errors_do_not_tell_values(url: str) -> None:
    """They are logged, and values are file names and what people wrote."""
    engine = create_engine(url)
    absent = text("INSERT INTO absent VALUES (:note)")
    with pytest.raises(OperationalError) as raised, writing(engine) as connection:
        connection.execute(absent, {"note": "confidential"})
    assert "absent" in str(raised.value)
    assert "confidential" not in str(raised.value)
    engine.dispose()


def test_survives_a_power_cut(url: str) -> None:
    engine = create_engine(url)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_lock_is_held_by_one(url: str) -> None:
    engine = create_engine(url)
    with exclusive(engine, "x") as first, exclusive(engine, "x") as second:
        assert (first, second) == (True, False)
    with exclusive(engine, "x") as again:
        assert again
    engine.dispose()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "oracle://host/db", "no-such://x"])
def test_unusable_url(url: str) -> None:
    with pytest.raises(SetupError, match="DATABASE_URL"):
        create_engine(url)
