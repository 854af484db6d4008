"""The mark of a restore that has begun and not ended, in the state folder.

A restore that was cut off leaves databases that are no longer empty. By its mark the next one of
the same backup knows what it finds, and needs no --force for it; until then nothing is served.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from sightglass.backup.archive import BackupError
from sightglass.errors import SetupError

_NAME = "restore-unfinished.json"
_AGAIN = "The restore is not finished: run the same command again, and start nothing before that."


def is_unfinished(state_dir: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a restore of this very backup was cut off here."""
    try:
        mark = orjson.loads((state_dir / _NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(mark == _mark_of(manifest))


def refuse_to_start(state_dir: Path) -> None:
    """Raise `SetupError` where a restore was cut off: half of everything may be missing."""
    mark = state_dir / _NAME
    if mark.exists():
        raise SetupError(
            "A restore is not finished here: run `sightglass backup restore` again with the same "
            f"backup. To start with what there is, remove {mark.absolute()}."
        )


@contextmanager
def marked(state_dir: Path, manifest: Mapping[str, Any]) -> Iterator[None]:
    """Keep the mark until the restore ends well; its errors say what to do next."""
    try:
        try:
            _write(state_dir / _NAME, manifest)
        except OSError as error:
            raise BackupError(f"{state_dir} cannot be written: {error.strerror}.") from error
        yield
    except BackupError as error:
        raise BackupError(f"{error.message} {_AGAIN}") from error
    (state_dir / _NAME).unlink(missing_ok=True)


def _write(path: Path, manifest: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(orjson.dumps(_mark_of(manifest)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _mark_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {"backup": manifest["checksums_sha256"]}
