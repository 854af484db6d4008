"""The SQL database: engines for SQLite, PostgreSQL and MySQL, and migrations up to date.

Everything above asks for `reading` or `writing` connections and never names a dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sightglass.errors import HistoryUnavailableError, SetupError
from sightglass.storage.locks import exclusive
from sightglass.storage.vanished import POSTGRES_OPTIONS, watch_mysql

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_VERSION = "schema_version"  # the table with the schema's revision

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
        return _server_engine(parsed)
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(str(error.name), error.name)
        raise SetupError(
            f"DATABASE_URL needs a driver that is not installed: pip install '{package}'"
        ) from None
    except NoSuchModuleError:
        raise SetupError("DATABASE_URL must be for SQLite, PostgreSQL, MySQL or MariaDB") from None


def migrate(url: str, revision: str | None = None) -> tuple[str | None, str]:
    """Bring the schema up to date, or to `revision`, which may be an older one; returns what it
    was and what it is. Several processes may do so at once.

    Raises `SetupError` for a schema that a later version made, and `HistoryUnavailableError`.
    """
    engine = create_engine(url)
    try:
        with exclusive(engine, "migrate", wait_seconds=_MIGRATION_WAIT_SECONDS) as alone:
            if not alone:
                raise SetupError("Another process has been migrating the database for a minute.")
            with engine.connect().execution_options(**{_WRITE: True}) as connection:
                before = revision_of(connection)
                migrate_on(connection, revision)
                after = revision_of(connection)
                connection.commit()
        return before, after or ""
    except SQLAlchemyError as error:
        raise HistoryUnavailableError from error
    finally:
        engine.dispose()


def migrate_on(connection: Connection, revision: str | None = None) -> None:
    """The same within the connection's transaction, where the database can roll tables back."""
    from alembic import command

    config = _alembic_config()
    config.attributes["connection"] = connection
    known = known_revisions()
    current, wanted = revision_of(connection), revision or known[-1]
    for place, asked in (("The database has", current), ("You asked for", wanted)):
        if asked is not None and asked not in known:
            raise SetupError(
                f"{place} schema {asked}, this version of Sightglass knows {known[0]} to "
                f"{known[-1]}."
            )
    if current is not None and known.index(current) > known.index(wanted):
        command.downgrade(config, wanted)
    else:
        command.upgrade(config, wanted)


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema that is there; None before the first migration."""
    from alembic.migration import MigrationContext

    options = {"version_table": SCHEMA_VERSION}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def known_revisions() -> list[str]:
    """The revisions of this version, oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_alembic_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def _alembic_config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


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


def _server_engine(url: URL) -> Engine:
    is_postgres = url.get_backend_name() == "postgresql"
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # notes and file names: errors are logged
        connect_args={"connect_timeout": 5} | (POSTGRES_OPTIONS if is_postgres else {}),
    )
    if engine.driver == "pymysql":
        watch_mysql(engine)
    return engine


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
