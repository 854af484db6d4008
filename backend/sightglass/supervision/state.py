"""What a running `up` leaves in the state folder: its lock, and where its services are."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from sightglass.errors import SetupError


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """One `up` at a time on a state folder. Raises `SetupError` that names the other one.

    The lock is the kernel's: it is gone with its process, however that ends.
    """
    path = _lock_path(state_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(
                f"Sightglass already runs on {state_dir.absolute()} (pid {_owner(lock)}). "
                f"Stop it first, or give another STATE_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            _endpoints_path(state_dir).unlink(missing_ok=True)


def write_endpoints(
    state_dir: Path, *, api: str, mlflow: str, redis: str, prometheus: str | None = None
) -> None:
    """Tell other commands where the services are. Written whole or not at all."""
    fields = {"api": api, "mlflow": mlflow, "redis": redis, "pid": os.getpid()}
    if prometheus:
        fields["prometheus"] = prometheus
    path = _endpoints_path(state_dir)
    part = path.with_suffix(".part")
    part.write_bytes(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
    part.replace(path)


def find_running(state_dir: Path) -> dict[str, str] | None:
    """The addresses (api, mlflow, redis; prometheus if any) of an `up` that is ready, else None."""
    try:
        with _lock_path(state_dir).open() as lock:
            if not _is_locked(lock):
                return None
        fields = orjson.loads(_endpoints_path(state_dir).read_bytes())
    except (OSError, ValueError):
        return None
    return {name: str(value) for name, value in fields.items()}


def _is_locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _owner(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip() or "unknown"


def _lock_path(state_dir: Path) -> Path:
    return state_dir / "run" / "up.lock"


def _endpoints_path(state_dir: Path) -> Path:
    return state_dir / "run" / "endpoints.json"
