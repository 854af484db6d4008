"""Records on the local disk while Redis is away: one file of JSON lines per process.

A record is in the kernel's hands when `append` returns, so it survives SIGKILL of this process;
`sync`, called about once a second, bounds what a power cut can cost. The files of a dead process
are adopted by a living one: whoever holds a file's lock owns it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_SUFFIX = ".jsonl"


class Segment:
    """One spool file, locked by this process as long as it is open."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.size = os.fstat(handle).st_size
        self._handle = handle
        self._replayed = 0  # bytes
        self.torn = False  # a part of a record could not be taken back

    @classmethod
    def create(cls, folder: Path) -> Segment:
        """A new empty file that no adopter took between its creation and its lock."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = folder / f"{os.getpid()}-{secrets.token_hex(6)}{_SUFFIX}"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            handle = os.open(path, flags, 0o600)
            if _own(handle):
                return cls(path, handle)
            os.close(handle)

    @classmethod
    def adopt(cls, path: Path) -> Segment | None:
        """The file of a dead process, or None when its owner lives."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if _own(handle):
            return cls(path, handle)
        os.close(handle)
        return None

    def write(self, data: bytes) -> None:
        """All of `data` or nothing. Raises `OSError`."""
        try:
            written = os.write(self._handle, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self.torn = True
            os.ftruncate(self._handle, self.size)
            self.torn = False
            raise
        self.size += len(data)

    def sync(self) -> None:
        os.fdatasync(self._handle)

    def read(self, limit: int) -> tuple[list[bytes], int]:
        """Up to `limit` records that were not replayed yet, and their length in the file.

        A last line without its end is left out: its writer died before it could answer.
        """
        records: list[bytes] = []
        length = 0
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(self._replayed)
            while len(records) < limit and (line := file.readline()).endswith(b"\n"):
                records.append(line[:-1])
                length += len(line)
        return records, length

    def mark_replayed(self, length: int) -> None:
        self._replayed += length

    @property
    def waiting_bytes(self) -> int:
        return self.size - self._replayed

    def discard(self) -> None:
        """Remove the file; the lock goes last, so that no adopter meets it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        os.close(self._handle)


class Spool:
    """All spool files that this process owns. Safe to share between threads.

    The folder is made at the first record: nothing is written while Redis is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._current: Segment | None = None
        self._sealed: list[Segment] = []
        self._unsynced = False
        self.records = 0  # written by this process and not replayed yet

    def append(self, records: Sequence[bytes]) -> None:
        """Write the records, all or none. Raises `OSError`, for example when the disk is full."""
        data = b"".join(record + b"\n" for record in records)
        with self._lock:
            if self._current is None:
                self._current = Segment.create(self._folder)
            try:
                self._current.write(data)
            except OSError:
                if self._current.torn:
                    # The rest of the line must not become the start of the next one.
                    self._seal()
                raise
            self._unsynced = True
            self.records += len(records)

    def sync(self) -> None:
        """Push what was written to the disk. Raises `OSError`."""
        with self._lock:
            current, needed = self._current, self._unsynced
            self._unsynced = False
        if needed and current is not None:
            current.sync()

    def adopt(self) -> int:
        """Take over the files of dead processes; returns how many."""
        if not self._folder.is_dir():
            return 0
        with self._lock:
            own = {segment.path for segment in self._segments()}
            others = [path for path in self._folder.glob(f"*{_SUFFIX}") if path not in own]
            adopted = [segment for path in others if (segment := Segment.adopt(path)) is not None]
            self._sealed += adopted
        if adopted:
            size = sum(segment.size for segment in adopted)
            log.warning("spool_adopted", files=len(adopted), size_bytes=size)
        return len(adopted)

    def take(self) -> list[Segment]:
        """The files to replay; records that come meanwhile go to a new one.

        One file only, until those before it are empty: a Redis that answers and refuses would have
        a file made, and kept open, at each attempt.
        """
        with self._lock:
            if not any(segment.waiting_bytes for segment in self._sealed):
                self._seal()
            return list(self._sealed)

    def done(self, segment: Segment) -> None:
        """The file was replayed to its end: remove it."""
        with self._lock:
            self._sealed.remove(segment)
            segment.discard()

    def counted_out(self, records: int) -> None:
        with self._lock:
            self.records = max(0, self.records - records)

    @property
    def waiting_bytes(self) -> int:
        with self._lock:
            return sum(segment.waiting_bytes for segment in self._segments())

    @property
    def is_empty(self) -> bool:
        return self._current is None and not self._sealed

    def close(self) -> None:
        """Let go of the files; what is in them is adopted by the next process."""
        with self._lock:
            for segment in self._segments():
                if segment.waiting_bytes:
                    segment.close()
                else:
                    segment.discard()
            self._current, self._sealed = None, []

    def _segments(self) -> list[Segment]:
        return [*self._sealed, *([self._current] if self._current else [])]

    def _seal(self) -> None:
        if self._current is not None:
            self._sealed.append(self._current)
            self._current = None


def _own(handle: int) -> bool:
    """Lock an open file, unless another process has it or has removed it already."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(handle).st_nlink > 0
