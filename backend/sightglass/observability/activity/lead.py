"""Who samples, of the processes that share a metrics folder: the one that holds its lock.

The lock falls with its holder. What it counted last is in the file, so that the next one goes on
from there.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import orjson

from sightglass.observability.activity.values import Values

_FILE = "activity.lock"


class Lead:
    """The lock of one folder. Without a folder, every process leads itself."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / _FILE if folder else None
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether this process leads. Raises `OSError` when the folder is gone."""
        if self._path is None:
            return True
        if self._handle is not None and not self._holds(self._path):
            self.release()  # the folder was emptied: others may lock a new file
        if self._handle is None:
            self._handle = _try_lock(self._path)
        return self._handle is not None and self._holds(self._path)

    def find_baseline(self) -> Values | None:
        """What was last sampled here; nothing in a fresh folder, None when it cannot be told."""
        if self._handle is None:
            return {}
        size = os.fstat(self._handle).st_size
        try:
            found: Values = orjson.loads(os.pread(self._handle, size, 0)) if size else {}
        except orjson.JSONDecodeError:  # its writer was killed halfway
            return None
        return found

    def keep_baseline(self, values: Values) -> None:
        """Let a later leader go on from these values."""
        if self._handle is not None:
            data = orjson.dumps(values)
            os.pwrite(self._handle, data, 0)
            os.ftruncate(self._handle, len(data))

    def release(self) -> None:
        """Let another process lead."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _holds(self, path: Path) -> bool:
        """Whether the locked file is still the one that others would find."""
        assert self._handle is not None
        try:
            found = path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(self._handle)
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


def _try_lock(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
