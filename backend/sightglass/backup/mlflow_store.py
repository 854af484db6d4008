"""MLflow's database in a backup: runs, metrics, traces, registered models and their versions.

The embedded run's lies in the state folder; in production MLFLOW_DATABASE_URL names it. Its schema
is MLflow's own: rows are restored at the revision that they had, and MLflow migrates them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, NullPool, Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sightglass.backup import tables
from sightglass.backup.archive import ArchiveWriter, BackupError, Member
from sightglass.settings import Settings

FOLDER = "mlflow-sql"
_REVISION_TABLE = "alembic_version"
_LOCK_SECONDS = 30.0
# MLflow fills these in an empty database.
_ALWAYS_THERE = frozenset({"experiments", "workspaces", "scheduler_leases", _REVISION_TABLE})
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def embedded_folder(settings: Settings) -> Path:
    """Where `sightglass up` keeps MLflow."""
    return settings.state_dir.absolute() / "mlflow"


def is_embedded(settings: Settings) -> bool:
    return settings.mlflow_database_url is None


def database_url(settings: Settings) -> str:
    """Of MLflow's database, embedded or named. Raises `BackupError` for one that is no URL."""
    named = settings.mlflow_database_url
    if named is None:
        return f"sqlite:///{embedded_folder(settings) / 'mlflow.db'}"
    try:
        url = make_url(named)
    except ArgumentError:
        raise BackupError("MLFLOW_DATABASE_URL is not a database URL.") from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    return url.render_as_string(hide_password=False)


def dump(url: str, writer: ArchiveWriter, scratch: Path) -> dict[str, Any]:
    """Write every table; returns the manifest's part.

    `scratch` is a folder for a copy of an SQLite file: reading that one for long would keep
    MLflow from writing, as it has no write-ahead log.
    """
    source = make_url(url)
    if source.get_backend_name() == "sqlite":
        source = source.set(database=str(_copy_sqlite(str(source.database), scratch)))
    engine = sa.create_engine(source, poolclass=NullPool, hide_parameters=True)
    with tables.snapshot(engine) as connection:
        there = [t for t in tables.reflect(connection) if t.name != _REVISION_TABLE]
        return {
            "revision": _revision(connection),
            "dialect": engine.dialect.name,
            "tables": {str(t.name): tables.dump(connection, t, writer, FOLDER) for t in there},
        }


def check(url: str, part: Mapping[str, Any], *, force: bool, begun: bool = False) -> None:
    """Raise `BackupError` unless the backup can be restored here. With `begun`, what is there may
    be what a restore of it has left.
    """
    if part["revision"] not in _known_revisions(url):
        raise BackupError(
            f"The backup's MLflow has schema {part['revision']}, which the MLflow installed here "
            "does not know: use the version that made it, or a later one."
        )
    database = make_url(url).database
    if force or (url.startswith("sqlite") and not Path(str(database)).exists()):
        return
    with _engine(url).connect() as connection:
        counted = [t for t in tables.reflect(connection) if t.name not in _ALWAYS_THERE]
        if tables.is_empty(connection, counted):
            return
        if begun and tables.holds_only(connection, counted, part["tables"]):
            return
    raise BackupError(
        "MLflow's database is not empty. Restore into an empty one, or give --force to replace "
        "everything in it."
    )


def restore(url: str, part: Mapping[str, Any], members: Iterable[Member]) -> int:
    """Replace all that is there; returns how many rows.

    An SQLite file is replaced as a whole at the end. A server's rows are replaced in one
    transaction when its schema is the backup's; otherwise its tables are made anew before.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        return _restore_server(_engine(url), url, part, members)
    path = Path(str(target.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.restoring")
    _remove_sqlite(fresh)
    try:
        made = target.set(database=str(fresh)).render_as_string(hide_password=False)
        rows = _restore_server(_engine(made), made, part, members)
        _remove_sqlite(path, but_itself=True)
        fresh.replace(path)
    finally:
        _remove_sqlite(fresh)
    return rows


def _remove_sqlite(path: Path, *, but_itself: bool = False) -> None:
    for ending in ("-wal", "-shm", "-journal", *([] if but_itself else [""])):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _restore_server(
    engine: Engine, url: str, part: Mapping[str, Any], members: Iterable[Member]
) -> int:
    _make_tables(engine, url, part["revision"])
    with engine.begin() as connection:
        tables.prepare_to_load(connection)
        made = {table.name: table for table in tables.reflect(connection)}
        for table in reversed(made.values()):
            if table.name != _REVISION_TABLE:
                connection.execute(table.delete())
        rows = _load(connection, part, made, members)
        tables.go_on_counting(connection, made.values())
    _upgrade(url, "heads")
    return rows


def _load(
    connection: Connection,
    part: Mapping[str, Any],
    made: Mapping[str, Table],
    members: Iterable[Member],
) -> int:
    loaded = dict.fromkeys(part["tables"], 0)
    for member in members:
        name = member.name.split("/")[1]
        if name not in made:
            raise BackupError(f"MLflow's database has no table {name}.")
        columns = part["tables"][name]["columns"]
        loaded[name] += tables.load(connection, made[name], columns, member.content)
    if loaded != {name: each["rows"] for name, each in part["tables"].items()}:
        raise BackupError("The backup does not hold the rows that its manifest names.")
    return sum(loaded.values())


# --- MLflow's schema


def _make_tables(engine: Engine, url: str, revision: str) -> None:
    """Bring MLflow's tables to a revision; tables of another one are dropped first."""
    from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

    with engine.begin() as connection:
        if _revision(connection) == revision:
            return
        tables.prepare_to_load(connection)
        for table in reversed(tables.reflect(connection)):
            table.drop(connection)
    InitialBase.metadata.create_all(engine)
    _upgrade(url, revision)


def _upgrade(url: str, revision: str) -> None:
    from alembic import command

    config = _config(url)
    engine = _engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _known_revisions(url: str) -> set[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(url))
    return {script.revision for script in scripts.walk_revisions()}


def _config(url: str) -> Any:
    from mlflow.store.db.utils import _get_alembic_config

    return _get_alembic_config(url)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(_REVISION_TABLE):
        return None
    version = sa.table(_REVISION_TABLE, sa.column("version_num"))
    found = connection.scalar(sa.select(version.c.version_num))
    return None if found is None else str(found)


def _engine(url: str) -> Engine:
    return sa.create_engine(url, poolclass=NullPool, hide_parameters=True)


def _copy_sqlite(path: str, scratch: Path) -> Path:
    if not Path(path).is_file():
        raise BackupError(
            "MLflow's database is not found in the state folder. Set MLFLOW_DATABASE_URL, or "
            "leave it out with --without mlflow."
        )
    copy = scratch / "mlflow.db"
    place = f"{Path(path).as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(place, uri=True, timeout=0.1)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target, progress=_give_up_in_time())
    return copy


def _give_up_in_time() -> Callable[[int, int, int], None]:
    """`backup` itself would try for ever, deaf to signals, while somebody holds the lock."""
    until = time.monotonic() + _LOCK_SECONDS

    def look(_status: int, remaining: int, total: int) -> None:
        copied_nothing = remaining > 0 or total == 0
        if copied_nothing and time.monotonic() > until:
            raise sqlite3.OperationalError("MLflow's database is locked")

    return look
