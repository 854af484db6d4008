"""`sightglass openapi`: the document, without anything behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("openvino", "onnxruntime", "celery", "mlflow", "torch")


def openapi(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing listens there, and there is no model: neither is asked for.
    environment = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1", "MODEL_PATH": "missing"}
    return subprocess.run(
        [sys.executable, "-m", "sightglass.cli", "openapi", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = openapi(tmp_path_factory.mktemp("openapi"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_document_is_shown(text: str) -> None:
    document = json.loads(text)
    assert document["info"]["title"] == "Sightglass"
    assert "/process-image" in document["paths"]
    assert "Problem" in document["components"]["schemas"]
    assert text.startswith('{\n  "openapi"')
    assert text.endswith("}\n")


def test_file_is_compared(tmp_path: Path, text: str) -> None:
    file = tmp_path / "openapi.json"
    missing = openapi(tmp_path, "--check", str(file))
    assert (missing.returncode, missing.stderr.strip()) == (
        1,
        f"{file} is not there. Run: make client",
    )
    done = openapi(tmp_path, "--output", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert file.read_text() == text
    assert openapi(tmp_path, "--check", str(file)).returncode == 0
    file.write_text(text.replace("/process-image", "/process-picture"))
    stale = openapi(tmp_path, "--check", str(file))
    assert (stale.returncode, stale.stderr.strip()) == (1, f"{file} is stale. Run: make client")


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from sightglass.cli import app\n"
        "app(['openapi', '--output', 'document.json'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "document.json").is_file()
