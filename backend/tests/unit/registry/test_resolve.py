"""From MODEL_PATH to a bundle, with weights converted once."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

import sightglass.registry.resolve as resolve
from sightglass.engine.bundle import ModelBundle, sha256_of
from sightglass.errors import HeavyRequirementsError, ModelBundleError
from sightglass.registry.resolve import list_models, resolve_model
from sightglass.settings import BUNDLED_MODEL

WEIGHTS = Path(__file__).parents[2] / "models" / "v11_detect.pt"


def test_folder_and_onnx_are_taken_as_they_are(tmp_path: Path) -> None:
    bundle = resolve_model(BUNDLED_MODEL, tmp_path)
    assert bundle.name == "street"
    bare = tmp_path / "a.onnx"
    shutil.copyfile(bundle.onnx_path, bare)
    assert resolve_model(bare, tmp_path).sha256 == bundle.sha256


@pytest.mark.parametrize("name", ["none.pt", "none.onnx", "none"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelBundleError, match="no model at"):
        resolve_model(tmp_path / name, tmp_path)


def test_weights_are_converted_once_by_starts_at_the_same_time(tmp_path: Path) -> None:
    found: list[ModelBundle] = []
    threads = [
        threading.Thread(target=lambda: found.append(resolve_model(WEIGHTS, tmp_path / "models")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert found[0].name == "v11_detect"
    assert found[0].classes == ("disc", "square", "triangle")
    begun = time.monotonic()
    assert resolve_model(WEIGHTS, tmp_path / "models") == found[0]
    assert time.monotonic() - begun < 1.0  # nothing was converted
    assert [bundle.name for bundle in list_models(tmp_path / "models")] == ["v11_detect"]
    assert not list((tmp_path / "models").glob(".converting-*"))


def test_converted_weights_need_no_heavy_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "mine.pt"
    weights.write_bytes(b"weights")
    cached = tmp_path / "models" / f"mine-{sha256_of(weights)[:16]}"
    shutil.copytree(BUNDLED_MODEL, cached)
    monkeypatch.setattr(resolve, "find_spec", lambda name: None)
    assert resolve_model(weights, tmp_path / "models").name == "street"


def test_without_heavy_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "find_spec", lambda name: None)
    with pytest.raises(HeavyRequirementsError, match=r"v11_detect\.pt.*requirements_heavy\.txt"):
        resolve_model(WEIGHTS, tmp_path)


def test_file_that_holds_no_weights(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(os.urandom(100))
    with pytest.raises(ModelBundleError, match=r"broken\.pt could not be converted"):
        resolve_model(broken, tmp_path / "models")
    assert list_models(tmp_path / "models") == []


def test_serving_modules_do_not_import_torch() -> None:
    code = (
        "import sys; import sightglass.registry.resolve, sightglass.engine.detector;"
        "sys.exit(any(n in sys.modules for n in ('torch', 'ultralytics', 'onnxruntime')))"
    )
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0


def test_damaged_models_are_not_listed(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED_MODEL, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "model.json").write_text("{}")
    assert [bundle.name for bundle in list_models(tmp_path)] == ["street"]
