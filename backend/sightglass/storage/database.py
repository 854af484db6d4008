"""The SQL database: engines for SQLite, PostgreSQL and MySQL, and migrations up to date.

Everything above asks for `reading` or `writing` connections and never names a dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sightglass.errors import SetupError
from sightglass.storage.locks import exclusive

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_WAIT_SECONDS = 60.0
_WRITE = "sightglass_write"

# What users write, and the driver that is meant.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_PACKAGES = {"psycopg": "psycopg[binary]", "pymysql": "pymysql"}


def create_engine(url: str) -> Engine:
    """An engine with this platform's pragmas and timeouts. Raises `SetupError` when the URL is
    malformed or its driver is not installed.
    """
    parsed = _parse(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(parsed)
        return sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,  # notes and file names: errors are logged
            connect_args={"connect_timeout": 5},
        )
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(str(error.name), error.name)
        raise SetupError(
            f"DATABASE_URL needs a driver that is not installed: pip install '{package}'"
        ) from None
    except NoSuchModuleError:
        raise SetupError("DATABASE_URL must be for SQLite, PostgreSQL, MySQL or MariaDB") from None


def migrate(url: str) -> None:
    """Bring the schema up to date; several processes may do so at once."""
    from alembic import command
    from alembic.config import Config

    engine = create_engine(url)
    try:
        with exclusive(engine, "migrate", wait_seconds=_MIGRATION_WAIT_SECONDS) as alone:
            if not alone:
                raise SetupError("Another process has been migrating the database for a minute.")
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            with engine.connect().execution_options(**{_WRITE: True}) as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
    finally:
        engine.dispose()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; committed at the end, rolled back by an exception.

    On SQLite it takes the write lock at once: a transaction that reads first and then has to
    wait for the lock would fail whatever the busy timeout says.
    """
    with engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A consistent view to read from."""
    with engine.connect() as connection, connection.begin():
        yield connection


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: str
) -> None:
    """Insert the rows whose unique `key` is not there yet; leave the others as they are."""
    if not rows:
        return
    statement: sa.Insert
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(table).on_conflict_do_nothing()
    elif connection.dialect.name == "postgresql":
        statement = postgresql.insert(table).on_conflict_do_nothing()
    else:
        # Not INSERT IGNORE, which would also let truncated values pass.
        statement = mysql.insert(table).on_duplicate_key_update({key: table.c[key]})
    connection.execute(statement, rows)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SetupError("DATABASE_URL is not a database URL") from None
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SetupError("DATABASE_URL must name a file: several processes share the history")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": 10.0})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see `_begin`
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What is committed here is deleted from the journal, so it must survive a power cut. The
    # drain commits a few times a second: the syncs do not show.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
