"""Bytes under a key: queued uploads, annotated and kept pictures, so that a message carries a key.

A blob is whole or absent: it is written beside its place and moved there. It is not fsynced: it
survives the death of any process, and a power cut may cost a task its upload (an honest failure).
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sightglass.errors import (
    InvalidParameterError,
    StorageFullError,
    StorageUnavailableError,
    UploadExpiredError,
)

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[a-z0-9]{1,16})?", re.ASCII)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_RETRY_SECONDS = 30.0


class BlobNotFoundError(UploadExpiredError):
    """No blob has this key. To a client it means: the upload has expired."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob, or the begun file of one; `written_at` is in seconds since the epoch."""

    path: Path
    size_bytes: int
    written_at: float

    @property
    def key(self) -> str:
        return self.path.name

    def remove(self) -> None:
        """Remove it; one that is not there is fine."""
        self.path.unlink(missing_ok=True)


class BlobStore(Protocol):
    """A place for blobs. Keys are letters, digits, `_` and `-`, and one short suffix."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` whole, or raise `StorageFullError` or `StorageUnavailableError`."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes; raises `BlobNotFoundError`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether `get` would find it."""
        ...

    def delete(self, key: str) -> None:
        """Remove; a blob that is not there is fine."""
        ...

    def remove_older_than(self, seconds: float) -> int:
        """Remove what was written longer ago; returns how many."""
        ...


class FolderBlobs:
    """Blobs as files in 256 folders of two levels, so that no folder grows without bound."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._serial = itertools.count()

    def put(self, key: str, data: bytes) -> None:
        path = self.path(key)
        part = path.with_name(f".{path.name}.{os.getpid()}-{next(self._serial)}.part")
        try:
            _write(part, data)
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise _explained(error) from error

    def get(self, key: str) -> bytes:
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            raise BlobNotFoundError from None
        except OSError as error:
            raise StorageUnavailableError from error

    def exists(self, key: str) -> bool:
        try:
            return self.path(key).is_file()
        except OSError:
            return False

    def delete(self, key: str) -> None:
        try:
            self.path(key).unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailableError from error

    def remove_older_than(self, seconds: float) -> int:
        oldest = time.time() - seconds
        return sum(_remove_if_older(path, oldest) for path in self._files())

    def list_blobs(self) -> list[Blob]:
        """All blobs, newest first."""
        found = list(_found(self._files()))
        return sorted(found, key=lambda blob: blob.written_at, reverse=True)

    def free_bytes(self) -> int:
        """Space that is left on its disk. Raises `OSError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self._folder):
            yield from (Path(folder, name) for name in names)

    def path(self, key: str) -> Path:
        """Where the blob of this key lies, when it does."""
        if not _KEY.fullmatch(key):
            raise InvalidParameterError("A blob's key has characters that are not allowed.")
        spread = f"{zlib.crc32(key.encode()) & 0xFF:02x}"
        return self._folder / spread[0] / spread[1] / key


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except FileNotFoundError:  # the first blob in this folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _found(paths: Iterable[Path]) -> Iterator[Blob]:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            status = path.stat()
            yield Blob(path, status.st_size, status.st_mtime)


def _remove_if_older(path: Path, oldest: float) -> bool:
    try:
        if path.stat().st_mtime >= oldest:
            return False
        path.unlink()
    except FileNotFoundError:  # its task removed it meanwhile
        return False
    return True


def _explained(error: OSError) -> StorageFullError | StorageUnavailableError:
    if error.errno in _FULL:
        return StorageFullError(retry_after_seconds=_FULL_RETRY_SECONDS)
    return StorageUnavailableError()
