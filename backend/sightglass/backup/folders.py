"""Folders of files in a backup: kept pictures, models, artifacts. Links are not followed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sightglass.backup.archive import ArchiveWriter, BackupError

_CHUNK_BYTES = 1 << 20


def add_folder(writer: ArchiveWriter, name: str, folder: Path) -> int:
    """Add the files under a folder; returns how many. What is removed meanwhile is left out."""
    return sum(add_file(writer, f"{name}/{path}", folder / path) for path in _files(folder))


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
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            shutil.copyfileobj(content, file, _CHUNK_BYTES)
        os.utime(part, (modified, modified))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error


def _files(folder: Path) -> Iterator[str]:
    """The paths below the folder, without those that are being written."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink() and not name.endswith((".part", ".lock")):
                yield str(path.relative_to(folder))
