"""`sightglass up` as a user meets it: embedded services, a second start, taken ports, Ctrl-C."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import Platform
from tests.hostile import pictures

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

IMAGE = pictures.jpeg(pictures.photo(640, 480))


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_everything_embedded_and_found_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Platform(state) as platform:
        first = platform.detect(IMAGE).json()["prediction_id"]
        encoded = {"image": base64.b64encode(IMAGE).decode()}
        assert platform.http.post("/process-image", json=encoded).status_code == 200
        task = platform.submit(IMAGE).json()["task_id"]
        assert platform.wait_for_tasks([task])[task] == "completed"
        platform.wait_for_history([first, task])
        for prediction in (first, task):  # the API kept one picture and the worker the other
            assert platform.http.get(f"/predictions/{prediction}/image").content == IMAGE
        verdict = platform.http.put(f"/predictions/{first}/verdict", json={"verdict": "right"})
        assert verdict.status_code == 200
        platform.wait_for_mlflow([first, task], state / "mlflow" / "artifacts")
        # The numbers of a run follow its table.
        platform.wait_until(lambda: _predictions_in_runs(platform) >= 2, 30, "numbers of the run")
        text = platform.http.get("/metrics").text
        assert 'model_predictions_total{model_name="street",status="succeeded"} 3.0' in text
        assert 'tasks_total{status="completed",task="process_image"} 1.0' in text
        assert platform.http.get("/docs").status_code == 200
        assert platform.stop(signal.SIGINT) == 0
        _cut_off(state / "redis" / "appendonly.aof")
        began = time.monotonic()
        platform.start()
        assert time.monotonic() - began < 30
        record = platform.http.get(f"/predictions/{first}").json()
        assert record["verdict"] == verdict.json()
        assert record["has_image"]
        assert platform.http.get(f"/task/{task}").json()["status"] == "completed"


def _predictions_in_runs(platform: Platform) -> float:
    runs = platform.http.get("/mlflow/runs").json()["runs"]
    return sum(float(run["metrics"].get("predictions", 0)) for run in runs)


def _cut_off(file: Path) -> None:
    """Leave half of the last command, as a crash of the machine does."""
    with file.open("r+b") as aof:
        aof.seek(0, 2)
        aof.write(b"*3\r\n$3\r\nSET\r\n$5\r\nhal")


def test_killed_part_is_started_again(tmp_path: Path) -> None:
    with Platform(tmp_path / "state") as platform:
        old = platform.kill("redis-server")
        platform.wait_until(
            lambda: (
                (found := platform.find_process("redis-server")) is not None and found.pid != old
            ),
            30,
            "a new Redis",
        )
        assert platform.detect(IMAGE).status_code == 200


def test_explicit_port_that_is_taken(tmp_path: Path, taken_port: int) -> None:
    command = [sys.executable, "-m", "sightglass.cli", "up", "--port", str(taken_port)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert str(taken_port) in done.stderr
    assert "Traceback" not in done.stderr


def test_second_platform_on_the_same_folder(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Platform(state) as platform:
        command = [sys.executable, "-m", "sightglass.cli", "up", "--state-dir", str(state)]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert "already runs" in done.stderr
        assert platform.detect(IMAGE).status_code == 200


def test_doctor_finds_nothing_wrong_while_it_runs(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Platform(state) as platform:
        platform.wait_until(
            lambda: platform.health()["status"] == "healthy", 60, "everything is healthy"
        )
        done = subprocess.run(
            [sys.executable, "-m", "sightglass.cli", "doctor"],
            cwd=tmp_path,
            env={**platform.environment, "STATE_DIR": str(state), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert "running at" in done.stdout


def test_models_lists_the_served_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sightglass.cli", "models", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows if row["served"]] == ["street"]
