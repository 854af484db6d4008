"""One at a time across processes: migrations, and the export to MLflow.

The lock dies with its holder, so nothing waits for the lease of a killed process: a file lock
beside an SQLite database, a session lock in PostgreSQL and MySQL.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

_POLL_SECONDS = 0.1


@contextmanager
def exclusive(engine: Engine, name: str, *, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Hold the lock `name` of this database; yields False when another process has it."""
    if engine.dialect.name == "sqlite":
        held = _file_lock(Path(f"{engine.url.database}.{name}.lock"), wait_seconds)
    else:
        held = _session_lock(engine, f"sightglass.{name}", wait_seconds)
    with held as got:
        yield got


@contextmanager
def _file_lock(path: Path, wait_seconds: float) -> Iterator[bool]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _try_until(time.monotonic() + wait_seconds, handle)
    finally:
        os.close(handle)


def _try_until(deadline: float, handle: int) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


@contextmanager
def _session_lock(engine: Engine, name: str, wait_seconds: float) -> Iterator[bool]:
    deadline = time.monotonic() + wait_seconds
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            take, give = "SELECT pg_try_advisory_lock(:key)", "SELECT pg_advisory_unlock(:key)"
            parameters: dict[str, int | str] = {"key": key}
        else:
            take, give = "SELECT GET_LOCK(:key, 0)", "SELECT RELEASE_LOCK(:key)"
            parameters = {"key": name}
        while not (got := bool(connection.scalar(text(take), parameters))):
            if time.monotonic() >= deadline:
                break
            time.sleep(_POLL_SECONDS)
        try:
            yield got
        finally:
            if got:
                connection.scalar(text(give), parameters)
