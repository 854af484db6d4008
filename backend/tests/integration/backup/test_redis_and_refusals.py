"""What a backup and a restore refuse, and tasks that come back."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from sightglass.backup.archive import BackupError
from sightglass.backup.create import Part, create
from sightglass.backup.restore import restore
from sightglass.cli import backup as command
from sightglass.errors import SetupError
from sightglass.jobs import names
from sightglass.jobs.heartbeat import Heartbeat
from sightglass.jobs.task_state import ImageJob, TaskStatus
from sightglass.jobs.task_store import TaskStore
from sightglass.settings import Settings
from sightglass.storage.database import migrate
from sightglass.supervision import borrowed_services
from tests.integration.servers import RedisServer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, state_dir=tmp_path / "state")
    migrate(made.resolved_database_url)
    return made


def test_restore_beside_a_drain(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a backup with nothing for Redis in it."""
    monkeypatch.setattr("sightglass.backup.redis_state.FRESH_SECONDS", -1.5)
    path = create(settings, tmp_path / "b", without=tuple(Part))
    with RedisServer(tmp_path / "redis") as server:
        running = settings.model_copy(update={"redis_url": server.url})
        sign = Heartbeat(server.url, "drain")
        sign.beat()
        sign.start()
        try:
            with pytest.raises(BackupError, match=r"runs \(drain\)"):
                restore(running, path, force=True)
        finally:
            sign.close()
        restore(running, path, force=True)
        server.kill()
        restore(running, path, force=True)


def test_folder_of_another_user(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root would leave files there that its owner cannot open."""
    if os.geteuid() == 0:
        os.chown(settings.state_dir, 65534, 65534)
    else:
        settings.state_dir.chmod(0)
    try:
        with pytest.raises(SetupError, match="as that user"), borrowed_services(settings):
            pass
    finally:
        if os.geteuid() != 0:
            settings.state_dir.chmod(0o700)
    assert not (settings.state_dir / "run").exists()


def test_mlflow_of_ones_own_needs_its_database(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what an embedded MLflow left in the folder long ago would be taken for it."""
    monkeypatch.setattr(command, "prepare_metrics", lambda: None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("STATE_DIR", str(settings.state_dir))
    with pytest.raises(SetupError, match="MLFLOW_DATABASE_URL"):
        command.create(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_every_restored_task_is_sent_again_at_once(tmp_path: Path, settings: Settings) -> None:
    """However many there are, and whatever waits in the queue by then."""
    without = [part for part in Part if part is not Part.REDIS]
    with RedisServer(tmp_path / "redis") as server:
        here = settings.model_copy(update={"redis_url": server.url})
        with closing(TaskStore.from_settings(here)) as store:
            ids = [f"{number:032x}" for number in range(30)]
            for task_id in ids:
                store.create(task_id, "sightglass.process_image", ImageJob(), look_after_seconds=90)
            store.claim(ids[0], lease_seconds=60, max_attempts=3)
            path = create(here, tmp_path / "b", without=without)
            server.client().flushall()
            restore(here, path, force=True)
            server.client().rpush(names.IMAGES_QUEUE, "a message of another task")
            assert sorted(store.list_overdue()) == ids
            assert [store.reclaim(i, look_after_seconds=90) for i in ids] == [0] * len(ids)
            assert {store.get(i).status for i in ids} == {TaskStatus.QUEUED}
