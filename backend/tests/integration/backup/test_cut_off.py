"""Restores that are killed, or whose disk is full: the same command ends the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from mlflow import MlflowClient

from sightglass.backup import archive, history
from sightglass.backup.archive import BackupError
from sightglass.backup.create import create
from sightglass.backup.restore import restore
from sightglass.jobs import names
from sightglass.jobs.task_state import ImageJob
from sightglass.jobs.task_store import TaskStore
from sightglass.predictions.history import History
from sightglass.settings import Settings
from sightglass.storage.database import create_engine, known_revisions, migrate
from sightglass.storage.tables import metadata
from tests.integration.backup.filled_databases import (
    SQL_ONLY,
    Databases,
    content,
    fill,
    settings_for,
)
from tests.integration.servers import MlflowServer, RedisServer
from tests.made_predictions import make_prediction

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]

# What a restore says when it begins a step, and how long after that it is killed.
MOMENTS = (("MLflow's database", 0.5), ("history", 0.05), ("tasks", 0.0))
TASK = "7" * 32


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an embedded platform: predictions, a picture, a run in MLflow, a task that waits."""
    folder = tmp_path_factory.mktemp("source")
    settings = Settings(_env_file=None, state_dir=folder / "state")
    fill(settings.resolved_database_url, 600)
    picture = settings.resolved_image_dir / "0" / "0" / "a.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(bytes(100_000))
    with MlflowServer(folder / "state" / "mlflow") as server:
        client = MlflowClient(server.url)
        client.create_run(client.create_experiment("street"))
    with RedisServer(folder / "redis") as queue:
        here = settings.model_copy(update={"redis_url": queue.url})
        with closing(TaskStore.from_settings(here)) as tasks:
            tasks.create(TASK, names.PROCESS_IMAGE, ImageJob(), look_after_seconds=90)
        return create(here, folder / "backups")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_killed_at_every_step(
    kind: str, backup: Path, databases: Databases, tmp_path: Path
) -> None:
    """On an empty place, without --force; SQLite is the embedded run with a Redis of its own."""
    state = tmp_path / "state"
    place = {"STATE_DIR": str(state)}
    ours, mlflow = f"sqlite:///{state}/sightglass.db", f"sqlite:///{state}/mlflow/mlflow.db"
    if kind != "sqlite":
        ours, mlflow = databases.new(kind), databases.new(kind)
        place |= {"DATABASE_URL": ours, "MLFLOW_DATABASE_URL": mlflow}
    for step, seconds in MOMENTS:
        _restore_and_kill(backup, place, step, seconds)
        assert not _left_running(state)
    assert "restore is not finished" in _starting(place, "drain")
    with _begin(backup, place) as last:
        said = last.communicate(timeout=120)[1]
    assert last.returncode == 0, said
    assert content(ours) == content(f"sqlite:///{backup.parents[1]}/state/sightglass.db")
    engine = sa.create_engine(mlflow)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM runs")) == 1
    engine.dispose()
    assert not [path for path in state.rglob("*") if "restor" in path.name]
    assert (state / "images" / "0" / "0" / "a.jpg").stat().st_size == 100_000


def test_what_came_after_it_is_not_replaced(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody started the platform on what a restore had left."""
    old, new = databases.new("sqlite"), databases.new("sqlite")
    fill(old)
    path = create(settings_for(old, tmp_path), tmp_path / "backups", without=SQL_ONLY)
    settings = settings_for(new, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("sightglass.backup.restore._restore_redis", _fail)
        with pytest.raises(BackupError, match="run the same command"):
            restore(settings, path)
    engine = create_engine(new)
    History(engine).add([make_prediction(7000)])
    engine.dispose()
    with pytest.raises(BackupError, match="not empty"):
        restore(settings, path)
    restore(settings, path, force=True)
    assert content(new) == content(old)
    with pytest.raises(BackupError, match="not empty"):  # it has ended
        restore(settings, path)


def test_older_schema_over_what_mariadb_holds(databases: Databases, tmp_path: Path) -> None:
    """It takes back no tables: a restore that fails leaves them empty, and the next one works."""
    old, new = databases.new("sqlite"), databases.new("mariadb")
    fill(old)
    migrate(old, known_revisions()[1])
    path = create(settings_for(old, tmp_path), tmp_path / "backups", without=SQL_ONLY)
    fill(new)
    settings = settings_for(new, tmp_path)
    part = archive.verify(path)["sql"]
    engine = create_engine(new)

    def cut_off() -> Iterator[archive.Member]:
        yield from archive.members(path, lambda name: name.startswith("sql/predictions/"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), engine.begin() as connection:
        history.restore(connection, part, cut_off(), subject="x", actor="test")
    engine.dispose()
    assert restore(settings, path)["sql"]["revision"] == known_revisions()[1]
    found = content(new)
    migrate(old)
    assert {n: rows for n, rows in found.items() if n in part["tables"]} == {
        n: rows for n, rows in content(old).items() if n in part["tables"]
    }
    assert set(found) == set(metadata.tables) - {"audit_log"}


def test_disk_full_in_the_middle(backup: Path, tmp_path: Path) -> None:
    """A real ENOSPC, on a small tmpfs in a mount namespace of its own; then it gets larger."""
    script = (
        'mount -t tmpfs -o size=1m none "$STATE_DIR" && ! "$@" && '
        'mount -o remount,size=64m "$STATE_DIR" && "$@" && ls -A "$STATE_DIR"'
    )
    state = tmp_path / "state"
    state.mkdir()
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*command, *_command(backup)],
        env=_environment({"STATE_DIR": str(state)}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert "restore" not in done.stdout.partition("\n")[2]


def _fail(_: Any) -> None:
    raise BackupError("Redis went away.")


def _command(backup: Path) -> list[str]:
    return [sys.executable, "-m", "sightglass.cli", "backup", "restore", str(backup)]


def _environment(place: dict[str, str]) -> dict[str, str]:
    inherited = {n: v for n, v in os.environ.items() if n != "PROMETHEUS_MULTIPROC_DIR"}
    return {**inherited, **place}


def _starting(place: dict[str, str], process: str) -> str:
    """What a process says that does not start."""
    command = [sys.executable, "-m", "sightglass.cli", process]
    done = subprocess.run(
        command, env=_environment(place), capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    return done.stderr


def _begin(backup: Path, place: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command(backup), env=_environment(place), stderr=subprocess.PIPE, text=True
    )


def _restore_and_kill(backup: Path, place: dict[str, str], step: str, seconds: float) -> None:
    process = _begin(backup, place)
    assert process.stderr is not None
    said = ""
    with process, process.stderr:
        for line in process.stderr:
            said += line
            if line.startswith(f"backup: {step}"):
                break
        else:
            raise AssertionError(f"it did not come to {step}:\n{said}")
        time.sleep(seconds)
        process.kill()


def _left_running(state: Path) -> list[list[str]]:
    """Processes that work on the state folder, once those that are ending have ended."""
    found = [p for p in psutil.process_iter(["cmdline"]) if _names(p.info["cmdline"], state)]
    _, alive = psutil.wait_procs(found, timeout=5)
    return [p.info["cmdline"] for p in alive]


def _names(words: list[str] | None, state: Path) -> bool:
    return any(word.startswith(str(state)) for word in words or ())
