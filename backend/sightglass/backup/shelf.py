"""The folder of backups: what is there, and how many stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sightglass.backup.create import NAME, PREFIX, SUFFIX


@dataclass(frozen=True, slots=True)
class Shelved:
    """One backup of a folder. Whether it is whole, only `verify` knows."""

    path: Path
    size_bytes: int
    written_at: datetime


def list_backups(folder: Path) -> list[Shelved]:
    """The backups of a folder, newest first; files with names of people are not looked at."""
    found = []
    for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), key=_moment, reverse=True):
        if not NAME.fullmatch(path.name) or not path.is_file():
            continue
        status = path.stat()
        written_at = datetime.fromtimestamp(status.st_mtime, UTC)
        found.append(Shelved(path, status.st_size, written_at))
    return found


def keep_newest(made: Path, count: int) -> list[Path]:
    """Remove all but the newest `count` backups up to the one just made; returns those that went.

    Those from after it stay: then a clock was or is wrong, and nobody knows which are newer.
    """
    listed = [shelved.path for shelved in list_backups(made.parent)]
    surplus = [path for path in listed if _moment(path) <= _moment(made)][count:]
    for path in surplus:
        path.unlink(missing_ok=True)
    return surplus


def _moment(path: Path) -> tuple[str, str]:
    """From its name; what was copied keeps that."""
    found = NAME.fullmatch(path.name)
    return (found[1], found[2] or "") if found else ("", "")
