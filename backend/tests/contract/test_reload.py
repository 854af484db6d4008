"""`serve --reload`, which docker-compose.dev.yml runs: a change of the code is served."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.deployment.compose_file import REPOSITORY
from tests.eventually import eventually

CODE = REPOSITORY / "backend" / "sightglass"


class ReloadingServer(ApiServer):
    """On a copy of the package, which is found first, as in the container."""

    start_seconds = 120.0

    def command(self) -> list[str]:
        return [*super().command(), "--reload"]

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self.folder / "src")}


@pytest.mark.serial
def test_a_change_of_the_code_is_served(tmp_path: Path) -> None:
    copy = tmp_path / "src" / "sightglass"
    shutil.copytree(CODE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with ReloadingServer(tmp_path, "redis://127.0.0.1:9/0") as server, server.client() as client:
        assert client.get("/").json()["version"] != "99.0.0"
        (copy / "__init__.py").write_text('"""Changed."""\n\n__version__ = "99.0.0"\n')

        def changed() -> bool:
            try:
                return bool(client.get("/").json()["version"] == "99.0.0")
            except (httpx.HTTPError, ValueError):
                return False  # between the old process and the new one

        eventually(changed, 90, "the changed code")


def test_it_is_refused_in_production(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sightglass.cli", "serve", "--reload", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "ENVIRONMENT": "production"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "--reload is not for production" in done.stdout + done.stderr
