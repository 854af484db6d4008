"""Brings a backup back, into an empty place or (with force) over what is there.

All of it is read and checked before anything is changed. Files come first, as they change nothing
by themselves; then MLflow, then our own database in one transaction, then tasks and journal. A
restore that was cut off is run again by the same command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from sqlalchemy.exc import SQLAlchemyError

from sightglass.access.audit import command_line_user
from sightglass.backup import archive, history, mlflow_store, redis_state
from sightglass.backup.archive import BackupError, Member
from sightglass.backup.folders import put_file, remove_leftovers
from sightglass.backup.mlflow_artifacts import FOLDER as ARTIFACTS
from sightglass.backup.mlflow_artifacts import ArtifactPlace, artifact_place
from sightglass.backup.redis_state import RedisState
from sightglass.backup.unfinished import is_unfinished, marked
from sightglass.settings import Settings
from sightglass.storage import database
from sightglass.storage.blobs import FolderBlobs

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Restore:
    """What all steps share."""

    settings: Settings
    path: Path
    manifest: dict[str, Any]
    say: Say

    def members(self, *folders: str) -> Iterator[Member]:
        starts = tuple(f"{folder}/" for folder in folders)
        return archive.members(self.path, lambda name: name.startswith(starts))


def restore(
    settings: Settings, path: Path, *, force: bool = False, say: Say = lambda _: None
) -> dict[str, Any]:
    """Bring everything back; returns the backup's manifest. Raises `BackupError`.

    Nothing else may work on these stores meanwhile.
    """
    say("checking the backup")
    work = _Restore(settings, path, archive.verify(path), say)
    with _explained():
        _check(work, force=force)
    with marked(settings.state_dir, work.manifest), _explained():
        _restore_files(work)
        if "mlflow" in work.manifest:
            say("MLflow's database")
            url = mlflow_store.database_url(settings)
            rows = work.members(mlflow_store.FOLDER)
            mlflow_store.restore(url, work.manifest["mlflow"], rows)
        _restore_sql(work)
        _restore_redis(work)
    return work.manifest


def _check(work: _Restore, *, force: bool) -> None:
    """All that can be known to be wrong before anything is changed."""
    settings, manifest = work.settings, work.manifest
    if running := _alive(work):
        raise BackupError(
            f"The platform runs ({', '.join(running)}): stop the API, worker, beat and drain "
            "first, and leave Redis, the databases and MLflow running."
        )
    begun = is_unfinished(settings.state_dir, manifest)
    engine = database.create_engine(settings.resolved_database_url)
    try:
        history.check(engine, manifest["sql"], force=force, begun=begun)
    finally:
        engine.dispose()
    if "mlflow" in manifest:
        url = mlflow_store.database_url(settings)
        mlflow_store.check(url, manifest["mlflow"], force=force, begun=begun)


def _alive(work: _Restore) -> list[str]:
    try:
        with closing(RedisState(work.settings.redis_url)) as state:
            return state.alive()
    except redis.RedisError:
        if "tasks" in work.manifest:
            raise
        return []  # nothing of this backup goes there


def _restore_files(work: _Restore) -> None:
    work.say("files")
    settings = work.settings
    folders = {
        "blobs": settings.resolved_blob_dir,
        "images": settings.resolved_image_dir,
        "models": settings.model_cache_dir,
        "served-model": _place_of_served(work),
    }
    for ours in (
        *(settings.resolved_blob_dir, settings.resolved_image_dir, settings.model_cache_dir),
        mlflow_store.embedded_folder(settings),
    ):
        remove_leftovers(ours)
    blobs = FolderBlobs(settings.resolved_blob_dir)
    with closing(artifact_place(settings)) as place:
        for member in work.members(*folders, ARTIFACTS):
            folder, _, relative = member.name.partition("/")
            if folder == ARTIFACTS:
                _put_artifact(place, relative, member)
            elif folder == "blobs":
                where = blobs.path(relative)
                put_file(where.parent, where.name, member.content, member.modified)
            elif (target := folders[folder]) is not None:
                put_file(target, relative, member.content, member.modified)


def _put_artifact(place: ArtifactPlace, relative: str, member: Member) -> None:
    place.put(relative, member.content, member.size, member.modified)


def _place_of_served(work: _Restore) -> Path | None:
    """Where the model of MODEL_PATH goes; None when one is there, which stays."""
    part = work.manifest.get("models") or {}
    if not part.get("served"):
        return None
    path = work.settings.model_path
    if path.exists():
        work.say(f"the model at {path} stays as it is")
        return None
    return path if part["is_folder"] else path.parent


def _restore_sql(work: _Restore) -> None:
    work.say("history, verdicts, keys, audit log")
    engine = database.create_engine(work.settings.resolved_database_url)
    try:
        with database.writing(engine) as connection:
            history.restore(
                connection,
                work.manifest["sql"],
                work.members(history.FOLDER),
                subject=work.path.name,
                actor=command_line_user(),
            )
    finally:
        engine.dispose()


def _restore_redis(work: _Restore) -> None:
    if "tasks" not in work.manifest:
        return
    work.say("tasks, predictions that waited in the journal")
    with closing(RedisState(work.settings.redis_url)) as state:
        for member in work.members(redis_state.TASKS):
            state.put_tasks(member.content)
    for member in work.members(redis_state.JOURNAL):
        redis_state.restore_journal(work.settings.resolved_spool_dir, member.content)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise BackupError(
            f"Redis cannot be used ({type(error).__name__}): start it, or mend REDIS_URL."
        ) from error
    except SQLAlchemyError as error:
        raise BackupError(
            f"A database refused the restore ({type(error).__name__}): {_reason(error)} "
            "Make room if its disk is full, and stop whatever else uses the database."
        ) from error
    except OSError as error:
        what = error.filename or "A file"
        raise BackupError(f"{what} cannot be used: {error.strerror or error}.") from error


def _reason(error: SQLAlchemyError) -> str:
    """The first line of what the driver says; values are never in it."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
