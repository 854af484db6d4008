"""Our own database in a backup: predictions, verdicts, the export's books, keys, the audit log.

It is restored in one transaction, at the schema that the backup has, and migrated after that.
MySQL cannot take back tables that were made: its own are used where they have that schema, else an
interrupted restore leaves empty ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from sightglass.access.audit import Action, append
from sightglass.backup import tables
from sightglass.backup.archive import ArchiveWriter, BackupError, Member
from sightglass.storage.database import (
    SCHEMA_VERSION,
    known_revisions,
    migrate_on,
    revision_of,
)
from sightglass.storage.tables import metadata

FOLDER = "sql"
_AUDIT = "audit_log"
_SERIAL = "seq"
_WITHOUT_ROLLBACK = ("mysql", "mariadb")  # of tables


def dump(connection: Connection, writer: ArchiveWriter) -> dict[str, Any]:
    """Write every table as the transaction sees it; returns the manifest's part."""
    revision = revision_of(connection)
    if revision is None:
        raise BackupError("The database holds no history yet: start the platform once.")
    if revision not in known_revisions():
        raise BackupError(
            f"The database has schema {revision}, which this version of Sightglass does not know: "
            "run the version that the platform runs, or `sightglass migrate` first."
        )
    there = tables.reflect(connection, metadata.tables)
    return {
        "revision": revision,
        "dialect": connection.dialect.name,
        "tables": {str(t.name): tables.dump(connection, t, writer, FOLDER) for t in there},
    }


def check(engine: Engine, part: Mapping[str, Any], *, force: bool, begun: bool = False) -> None:
    """Raise `BackupError` unless the backup can be restored here. With `begun`, what is there may
    be what a restore of it has left.
    """
    if part["revision"] not in known_revisions():
        raise BackupError(
            f"The backup has schema {part['revision']}, which this version of Sightglass does not "
            "know: use the version that made it, or a later one."
        )
    with engine.connect() as connection:
        there = tables.reflect(connection, metadata.tables)
        # An API that was started here once has noted which model it served.
        counted = [table for table in there if table.name != _AUDIT]
        if force or tables.is_empty(connection, counted):
            return
        if begun and tables.holds_only(connection, counted, part["tables"]):
            return
    raise BackupError(
        "The database is not empty. Restore into an empty one, or give --force to replace "
        "everything in it."
    )


def restore(
    connection: Connection,
    part: Mapping[str, Any],
    members: Iterable[Member],
    *,
    subject: str,
    actor: str,
) -> int:
    """Replace all that is there within the connection's transaction; returns how many rows.

    What the audit log of this place says is kept beside what the backup's says.
    """
    tables.prepare_to_load(connection)
    own_log = _make_room(connection, part["revision"])
    made = {table.name: table for table in tables.reflect(connection, part["tables"])}
    loaded = dict.fromkeys(part["tables"], 0)
    waiting = dict(part["tables"])
    for member in members:
        name = member.name.split("/")[1]
        columns = waiting[name]["columns"]
        loaded[name] += tables.load(connection, made[name], columns, member.content)
    expected = {name: each["rows"] for name, each in part["tables"].items()}
    if loaded != expected:
        raise BackupError("The backup does not hold the rows that its manifest names.")
    tables.go_on_counting(connection, made.values())
    migrate_on(connection)
    _keep_log(connection, own_log)
    append(connection, Action.BACKUP_RESTORED, subject, actor=actor, details={"rows": loaded})
    return sum(loaded.values())


def _make_room(connection: Connection, revision: str) -> list[dict[str, Any]]:
    """Empty tables of a revision, in place of ours and no others; returns the audit log that was
    there.
    """
    there = tables.reflect(connection, [*metadata.tables, SCHEMA_VERSION])
    log: list[dict[str, Any]] = []
    for table in reversed(there):
        if table.name == _AUDIT:
            rows = connection.execute(sa.select(table).order_by(table.c[_SERIAL])).mappings()
            log = [{name: row[name] for name in row if name != _SERIAL} for row in rows]
    # Rows can be taken back everywhere, tables not.
    keep = connection.dialect.name in _WITHOUT_ROLLBACK and revision_of(connection) == revision
    for table in reversed(there):
        if not keep:
            table.drop(connection)
        elif table.name != SCHEMA_VERSION:
            connection.execute(table.delete())
    if not keep:
        migrate_on(connection, revision)
    return log


def _keep_log(connection: Connection, own_log: list[dict[str, Any]]) -> None:
    table = metadata.tables[_AUDIT]
    known = {
        (row.at_us, row.actor, row.action, row.subject)
        for row in connection.execute(
            sa.select(table.c.at_us, table.c.actor, table.c.action, table.c.subject)
        )
    }
    missing = [
        row
        for row in own_log
        if (row["at_us"], row["actor"], row["action"], row["subject"]) not in known
    ]
    if missing:
        connection.execute(table.insert(), missing)
