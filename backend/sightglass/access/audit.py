"""The audit log: who changed what is served, or who may use it, and when.

Append only: nothing here changes or removes an entry, and no clean-up does.
"""

from __future__ import annotations

import getpass
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from sightglass.access.reachable import reachable
from sightglass.errors import AccessUnavailableError, InvalidParameterError
from sightglass.storage.database import reading, writing
from sightglass.storage.tables import audit_log

MAX_PAGE = 200
_MICRO = 1_000_000
_CURSOR = re.compile(r"[1-9]\d{0,17}")


class Action(StrEnum):
    """What is logged. Others may be added; readers must not fail over them."""

    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    MODEL_SERVED = "model_served"
    BACKUP_RESTORED = "backup_restored"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `at` is in seconds since the epoch; a later version has more actions."""

    at: float
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    request_id: str | None
    host: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first. `next_cursor` is None on the last page."""

    entries: list[Entry]
    next_cursor: str | None


class AuditLog:
    """Writes and reads over one engine; safe to share between threads.

    Every method raises `AccessUnavailableError` when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self,
        action: Action,
        subject: str,
        *,
        actor: str,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        """Append one entry, in a transaction of its own.

        `subject` is what was changed (a key's name, a model, a file), `actor` who did it:
        `command_line_user()` for a command, the component for a process, a key's name for a
        request. Tables must be there: call `database.migrate` before, as commands do.
        """
        with reachable(), writing(self._engine) as connection:
            append(connection, action, subject, actor=actor, details=details, request_id=request_id)

    def list_entries(self, limit: int = 50, cursor: str | None = None) -> AuditPage:
        """One page, newest first. Raises `InvalidParameterError` for a cursor that is none."""
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidParameterError(f"`limit` must be between 1 and {MAX_PAGE}.")
        query = select(audit_log).order_by(audit_log.c.seq.desc()).limit(limit + 1)
        if cursor is not None:
            if not _CURSOR.fullmatch(cursor):
                raise InvalidParameterError("`cursor` is not one that was given out.")
            query = query.where(audit_log.c.seq < int(cursor))
        with reachable(), reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        more = str(rows[limit - 1]["seq"]) if len(rows) > limit else None
        return AuditPage([_entry_of(row) for row in rows[:limit]], more)


def append(
    connection: Connection,
    action: Action,
    subject: str,
    *,
    actor: str,
    details: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> None:
    """Append within the transaction that makes the change: either both are there or neither."""
    row = {
        "at_us": time.time_ns() // 1000,
        "actor": _text(actor, 200),
        "action": action.value,
        "subject": _text(subject, 255),
        "details": orjson.dumps(dict(details or {}), default=str).decode(),
        "request_id": None if request_id is None else _text(request_id, 128),
        "host": _text(socket.gethostname(), 255),
    }
    try:
        connection.execute(insert(audit_log), [row])
    except IntegrityError as error:
        raise AccessUnavailableError from error


def find_latest(connection: Connection, action: Action, actor: str) -> Entry | None:
    """The newest entry of this action by this actor."""
    c = audit_log.c
    query = select(audit_log).where(c.action == action.value, c.actor == actor)
    row = connection.execute(query.order_by(c.seq.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _entry_of(row)


def command_line_user() -> str:
    """Who runs this command, as the operating system knows them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "cli"


def _text(value: str, length: int) -> str:
    # PostgreSQL has no NUL in text.
    return value.replace("\x00", "\ufffd")[:length]


def _entry_of(row: RowMapping) -> Entry:
    return Entry(
        at=row["at_us"] / _MICRO,
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        details=orjson.loads(row["details"]),
        request_id=row["request_id"],
        host=row["host"],
    )
