"""Makes a backup while the platform runs.

The order is that of a record's way, so that nothing falls between two readings: spool, journal,
tasks, then SQL. MLflow is read under the export's lock: its predictions are those that our books
call exported, and the export goes on where it was.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from sightglass import __version__
from sightglass.backup import history, mlflow_store, redis_state, tables
from sightglass.backup.archive import ArchiveWriter, BackupError, writing_archive
from sightglass.backup.folders import add_file, add_folder
from sightglass.backup.mlflow_artifacts import artifact_place
from sightglass.backup.redis_state import RedisState
from sightglass.settings import BUNDLED_MODEL, Settings
from sightglass.storage import database
from sightglass.storage.blobs import FolderBlobs
from sightglass.storage.locks import exclusive

PREFIX = "sightglass-"
SUFFIX = ".tar.gz"
NAME = re.compile(r"sightglass-(\d{8}T\d{6})(\.\d{6})?Z\.tar\.gz", re.ASCII)
_SCRATCH = ".sightglass-scratch-"
_EXPORT_WAIT_SECONDS = 300.0
Say = Callable[[str], None]


class Part(StrEnum):
    """What may be left out of a backup. SQL always is in it."""

    REDIS = "redis"  # the journal, tasks and their uploads
    IMAGES = "images"
    MODELS = "models"
    MLFLOW = "mlflow"


@dataclass(frozen=True, slots=True)
class _Backup:
    """What all steps share."""

    settings: Settings
    writer: ArchiveWriter
    scratch: Path
    without: Collection[Part]
    say: Say


def create(
    settings: Settings,
    folder: Path,
    *,
    without: Collection[Part] = (),
    say: Say = lambda _: None,
) -> Path:
    """Write a new backup into the folder; returns its path. Raises `BackupError`."""
    _check(settings, folder)
    with _alone(folder), _explained(folder):
        path = _free_name(folder)
        with (
            tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch,
            writing_archive(path) as writer,
        ):
            writer.finish(_write(_Backup(settings, writer, Path(scratch), without, say)))
    if Part.REDIS not in without:
        with closing(RedisState(settings.redis_url)) as state, suppress(redis.RedisError):
            state.note_backup()
    return path


def _check(settings: Settings, folder: Path) -> None:
    """What can be known to be wrong before anything is written."""
    if settings.database_url is None and not (settings.state_dir / "sightglass.db").is_file():
        raise BackupError(
            f"{settings.state_dir.absolute()} holds no history: name the platform's folder with "
            "--state-dir (STATE_DIR)."
        )
    place = folder.resolve()
    for kept in (
        settings.resolved_image_dir,
        settings.resolved_blob_dir,
        settings.model_cache_dir,
        settings.model_path,
        mlflow_store.embedded_folder(settings),
    ):
        if place.is_relative_to(kept.resolve()):
            raise BackupError(f"{folder} is in {kept}, which is backed up: take another folder.")


def _write(backup: _Backup) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "version": __version__,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "without": sorted(backup.without),
    }
    if Part.REDIS not in backup.without:
        manifest |= _write_redis(backup)
    engine = database.create_engine(backup.settings.resolved_database_url)
    try:
        with _export_paused(engine, backup.without), tables.snapshot(engine) as connection:
            manifest["sql"] = _write_sql(backup, connection)
            if Part.MLFLOW not in backup.without:
                manifest["mlflow"] = _write_mlflow(backup)
    finally:
        engine.dispose()
    if Part.IMAGES not in backup.without:
        backup.say("kept pictures")
        folder = backup.settings.resolved_image_dir
        manifest["images"] = add_folder(backup.writer, "images", folder)
    if Part.MODELS not in backup.without:
        manifest["models"] = _write_models(backup)
    return manifest


def _write_redis(backup: _Backup) -> dict[str, Any]:
    backup.say("predictions that wait in the journal, tasks")
    settings, writer = backup.settings, backup.writer
    blobs = FolderBlobs(settings.resolved_blob_dir)
    with closing(RedisState(settings.redis_url)) as state:
        journal = redis_state.dump_journal(settings.resolved_spool_dir, state, writer)
        tasks = redis_state.dump_tasks(
            state, writer, lambda key: add_file(writer, f"blobs/{key}", blobs.path(key))
        )
    return {"journal": journal, "tasks": tasks}


def _write_sql(backup: _Backup, connection: Connection) -> dict[str, Any]:
    backup.say("history, verdicts, keys, audit log")
    return history.dump(connection, backup.writer)


def _write_mlflow(backup: _Backup) -> dict[str, Any]:
    backup.say("MLflow")
    part = mlflow_store.dump(
        mlflow_store.database_url(backup.settings), backup.writer, backup.scratch
    )
    with closing(artifact_place(backup.settings)) as place:
        return {**part, "artifacts": place.dump(backup.writer, backup.scratch)}


def _write_models(backup: _Backup) -> dict[str, Any]:
    backup.say("models")
    settings, writer = backup.settings, backup.writer
    converted = add_folder(writer, "models", settings.model_cache_dir)
    served = settings.model_path
    if served == BUNDLED_MODEL:
        return {"converted": converted, "served": None}
    is_folder = served.is_dir()
    if is_folder:
        found = add_folder(writer, "served-model", served, linked_files=True) > 0
    else:
        found = add_file(writer, f"served-model/{served.name}", served)
    if not found:
        backup.say(f"the model at {served} is not there, so it is not in the backup")
        return {"converted": converted, "served": None}
    return {"converted": converted, "served": served.name, "is_folder": is_folder}


@contextmanager
def _export_paused(engine: Engine, without: Collection[Part]) -> Iterator[None]:
    if Part.MLFLOW in without:
        yield
        return
    with exclusive(engine, "mlflow-export", wait_seconds=_EXPORT_WAIT_SECONDS) as alone:
        if not alone:
            raise BackupError(
                "The export to MLflow has been at work for five minutes without a pause. Try "
                "again when it has caught up, or leave it out with --without mlflow."
            )
        yield


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder, which is made; what dead ones left is removed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackupError(f"{folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise BackupError(f"Another backup is being written to {folder}.") from None
    except OSError as error:
        os.close(handle)
        raise BackupError(f"{folder} cannot be locked: {error.strerror}.") from error
    try:
        _remove_leftovers(folder)
        yield
    finally:
        os.close(handle)


def _remove_leftovers(folder: Path) -> None:
    for part in folder.glob(f".{PREFIX}*{SUFFIX}.part"):
        part.unlink(missing_ok=True)
    for scratch in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _free_name(folder: Path) -> Path:
    moment = datetime.now(UTC)
    path = folder / f"{PREFIX}{moment:%Y%m%dT%H%M%SZ}{SUFFIX}"
    if path.exists():  # two within a second
        path = folder / f"{PREFIX}{moment:%Y%m%dT%H%M%S.%fZ}{SUFFIX}"
    return path


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Says what a person can do about what went wrong."""
    try:
        yield
    except redis.RedisError as error:
        raise BackupError(
            f"Redis cannot be read ({type(error).__name__}). Predictions and tasks may wait in it: "
            "start it, or leave them out with --without redis."
        ) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise BackupError(f"A database cannot be read: {reason}.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        named = error.filename if isinstance(error.filename, str) else None
        if named and not Path(named).absolute().is_relative_to(folder.absolute()):
            raise BackupError(f"{named} cannot be read: {reason}.") from error
        raise BackupError(f"The backup cannot be written to {folder}: {reason}.") from error
