"""The folder of backups: what is there, and how many stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sightglass.backup.create import PREFIX, SUFFIX


@dataclass(frozen=True, slots=True)
class Shelved:
    """One backup of a folder. Whether it is whole, only `verify` knows."""

    path: Path
    size_bytes: int
    written_at: datetime


def list_backups(folder: Path) -> list[Shelved]:
    """The backups of a folder, newest first; other files are not looked at."""
    found = []
    for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), reverse=True):
        status = path.stat()
        written_at = datetime.fromtimestamp(status.st_mtime, UTC)
        found.append(Shelved(path, status.st_size, written_at))
    return found


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Remove all but the newest `count` backups; returns those that went."""
    surplus = [shelved.path for shelved in list_backups(folder)[count:]]
    for path in surplus:
        path.unlink(missing_ok=True)
    return surplus
