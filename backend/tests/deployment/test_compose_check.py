"""`make compose-check` itself needs Docker; here, what it needs no Docker for."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.compose_file import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "check_compose.py"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    return importlib.import_module("compose.steps")


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # -S: none of our packages, as on a host that has only Docker and Python.
    command = [sys.executable, "-S", str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": str(path)})


def test_it_needs_the_standard_library_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert done.returncode == 0, done.stderr
    assert "--no-build" in done.stdout


def test_without_docker_it_says_so(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert "docker, openssl" in done.stderr


def test_a_prediction_that_is_absent_or_twice_is_named(steps: Any) -> None:
    history = [
        {"id": "a", "task_id": None},
        {"id": "b", "task_id": "task"},
        {"id": "c", "task_id": "task"},
    ]
    found = steps.names(history)
    assert steps.not_once(["a"], found) == {}
    assert steps.not_once(["a", "task", "lost"], found) == {"task": 2, "lost": 0}


def test_a_target_that_is_down_or_unknown_is_seen(steps: Any) -> None:
    def target(job: str, up: str) -> dict[str, Any]:
        return {"metric": {"job": job}, "value": [0, up]}

    assert steps.all_up({"api"}, [target("api", "1"), target("api", "1")]) == 2
    assert steps.all_up({"api"}, [target("api", "1"), target("api", "0")]) == 0
    assert steps.all_up({"api", "redis"}, [target("api", "1")]) == 0
