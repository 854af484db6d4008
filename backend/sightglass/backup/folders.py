"""Folders of files in a backup: kept pictures, models, artifacts.

Links inside a folder are not followed, but for those to files in the served model.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from sightglass.backup.archive import ArchiveWriter, BackupError

_CHUNK_BYTES = 1 << 20
_PREFIX, _SUFFIX = ".restoring-", ".part"


def add_folder(
    writer: ArchiveWriter, name: str, folder: Path, *, linked_files: bool = False
) -> int:
    """Add the files under a folder; returns how many. What is removed meanwhile is left out."""
    paths = _files(folder, linked_files=linked_files)
    return sum(add_file(writer, f"{name}/{path}", folder / path) for path in paths)


def add_file(writer: ArchiveWriter, name: str, path: Path) -> bool:
    """Add one file, when it is there."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            writer.add(name, file, status.st_size, status.st_mtime)
    except FileNotFoundError:
        return False
    return True


def put_file(folder: Path, relative: str, content: IO[bytes], modified: float) -> None:
    """Write a file whole or not at all, with the time that it had: retention goes by it.

    Raises `BackupError` when it cannot be written.
    """
    path = folder / relative
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file, _CHUNK_BYTES)
        os.utime(part, (modified, modified))
        part.replace(path)
    except OSError as error:
        if part is not None:
            with suppress(OSError):
                part.unlink()
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error


def remove_leftovers(folder: Path) -> None:
    """Remove what a restore that was killed had begun to write."""
    for part in folder.rglob(f"{_PREFIX}*{_SUFFIX}") if folder.is_dir() else ():
        part.unlink(missing_ok=True)


def _files(folder: Path, *, linked_files: bool) -> Iterator[str]:
    """The paths below the folder, without those that are being written."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if name.endswith((".part", ".lock")) or not path.is_file():
                continue
            if linked_files or not path.is_symlink():
                yield str(path.relative_to(folder))
