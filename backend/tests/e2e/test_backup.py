"""The drill: a platform under traffic is backed up, lost, and brought back elsewhere."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sightglass.predictions.history import History
from sightglass.storage.database import create_engine, migrate
from tests.e2e.platform import Platform
from tests.hostile import pictures
from tests.made_predictions import make_prediction

pytestmark = [pytest.mark.serial, pytest.mark.timeout(400)]

IMAGE = pictures.jpeg(pictures.photo(320, 240))


def test_lost_and_brought_back(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    with Platform(tmp_path / "old", MLFLOW_FLUSH_SECONDS="0.5") as platform:
        before = _some_of_everything(platform)
        traffic = _Traffic(platform)
        traffic.start()
        platform.wait_until(lambda: len(traffic.answered) >= 5, 60, "traffic")
        last_before = list(traffic.answered)
        # The drain stands still: what is answered now waits in the journal.
        _suspend_drain(platform)
        seen = len(traffic.answered)
        platform.wait_until(lambda: len(traffic.answered) >= seen + 5, 60, "traffic")
        undrained = list(traffic.answered)
        path = _run(tmp_path / "old", "create", str(backups)).strip()
        platform.process("drain").resume()
        traffic.finish()
        platform.process("worker").resume()  # so that it hears that it is to stop
        assert traffic.troubles == []
    shutil.rmtree(tmp_path / "old")

    assert "is whole" in _run(tmp_path / "new", "verify", path)
    assert Path(path).stat().st_mode & 0o777 == 0o600
    _run(tmp_path / "new", "restore", path)
    # What waited is sent again by the rescue, here every second.
    often = {"TASK_VISIBILITY_TIMEOUT_SECONDS": "6", "MLFLOW_FLUSH_SECONDS": "0.5"}
    with Platform(tmp_path / "new", **often) as platform:
        assert _facts(platform, before) == before
        platform.wait_for_history([*last_before, *undrained])
        artifacts = tmp_path / "new" / "mlflow" / "artifacts"
        platform.wait_for_mlflow([*last_before, *undrained], artifacts)
        # It goes on: new predictions and tasks, and nothing that meets an old row number.
        fresh = platform.detect(IMAGE).json()["prediction_id"]
        task = platform.submit(IMAGE).json()["task_id"]
        assert platform.wait_for_tasks([task])[task] == "completed"
        platform.wait_for_history([fresh, task])
        refused = _run(tmp_path / "new", "restore", path, "--force", status=1)
        assert "already runs" in refused
    assert "not empty" in _run(tmp_path / "new", "restore", path, status=1)


def _suspend_drain(platform: Platform) -> None:
    """Between two rounds of its export, whose lock a backup waits for."""
    lock = platform.state_dir / "sightglass.db.mlflow-export.lock"

    def stands_still() -> bool:
        platform.process("drain").suspend()
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                platform.process("drain").resume()
                return False
        return True

    platform.wait_until(stands_still, 60, "the drain between two exports")


class _Traffic(threading.Thread):
    """One detection after the other until it is told to finish."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self.answered: list[str] = []
        self.troubles: list[str] = []
        self._platform = platform
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.05):
            answer = self._platform.detect(IMAGE)
            if answer.status_code == 200:
                self.answered.append(answer.json()["prediction_id"])
            else:
                self.troubles.append(answer.text)

    def finish(self) -> None:
        self._done.set()
        self.join(60)


def _some_of_everything(platform: Platform) -> dict[str, Any]:
    """Predictions, verdicts, pictures, a task that has ended and some that wait; as the API
    shows them.
    """
    detected = platform.detect(IMAGE).json()["prediction_id"]
    done = platform.http.post(
        "/process-image/async",
        files={"file": ("photo.jpg", IMAGE, "image/jpeg")},
        params={"annotate": "true"},
    ).json()["task_id"]
    assert platform.wait_for_tasks([done])[done] == "completed"
    platform.wait_for_history([detected, done])
    verdict = {"verdict": "wrong", "note": "a bus 🚌", "objects": []}
    answer = platform.http.put(f"/predictions/{detected}/verdict", json=verdict)
    assert answer.status_code == 200, answer.text
    artifacts = platform.state_dir / "mlflow" / "artifacts"
    platform.wait_for_mlflow([detected, done], artifacts)
    platform.process("worker").suspend()
    waiting = [platform.submit(IMAGE).json()["task_id"] for _ in range(12)]
    return _facts(platform, {"ids": [detected, done], "tasks": [done], "waiting": waiting})


def _facts(platform: Platform, of: dict[str, Any]) -> dict[str, Any]:
    """What must be the same before and after."""
    if platform.process("worker").status() != "stopped":  # brought back: it is done now
        assert set(platform.wait_for_tasks(of["waiting"]).values()) == {"completed"}
    platform.wait_until(
        lambda: platform.health()["services"]["mlflow"]["status"] == "up", 60, "MLflow is up"
    )
    records = {i: platform.http.get(f"/predictions/{i}").json() for i in of["ids"]}
    traces = [
        platform.http.get(f"{platform.endpoints['mlflow']}/api/3.0/mlflow/traces/tr-{i}").json()[
            "trace"
        ]["trace_info"]["trace_id"]
        for i in of["ids"]
    ]
    return {
        "ids": of["ids"],
        "tasks": of["tasks"],
        "waiting": of["waiting"],
        "records": {i: {**r, "mlflow": _without_port(r["mlflow"])} for i, r in records.items()},
        "pictures": [
            platform.http.get(f"/predictions/{i}/image").content == IMAGE for i in of["ids"]
        ],
        "results": [platform.http.get(f"/task/{i}").json() for i in of["tasks"]],
        "runs": [run["run_id"] for run in platform.http.get("/mlflow/runs").json()["runs"]],
        "traces": traces,
    }


def _without_port(place: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in place.items() if not name.endswith("_url")}


def _run(state: Path, *arguments: str, status: int = 0) -> str:
    """`sightglass backup ...` as a person runs it; returns what it prints."""
    environment = {n: v for n, v in os.environ.items() if n != "PROMETHEUS_MULTIPROC_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "sightglass.cli", "backup", *arguments],
        cwd=state.parent,
        env={**environment, "STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def test_manifest_can_be_read_without_us(tmp_path: Path) -> None:
    """Tar and sha256sum are enough to look into a backup."""
    state = tmp_path / "state"
    database = f"sqlite:///{state / 'sightglass.db'}"
    migrate(database)
    engine = create_engine(database)
    History(engine).add([make_prediction(seed) for seed in range(3)])
    engine.dispose()
    path = _run(state, "create", str(tmp_path / "backups"), "--without", "mlflow").strip()
    subprocess.run(["tar", "-xzf", path], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "checksums.txt"], cwd=tmp_path, check=True)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert manifest["sql"]["tables"]["predictions"]["rows"] == 3
