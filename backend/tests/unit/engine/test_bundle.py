"""What is wrong with a bundle is said, whatever it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from sightglass.engine.bundle import MAX_CARD_BYTES, Head, load_bundle, sha256_of
from sightglass.engine.types import Task
from sightglass.errors import ModelBundleError
from sightglass.settings import BUNDLED_MODEL

NAMES = "{0: 'cat', 1: 'dog'}"


def write_onnx(path: Path, **props: str) -> Path:
    """A model that only passes its input on, with metadata."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 32, 32]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph)
    helper.set_model_props(model, props)
    onnx.save(model, path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bundle"
    made.mkdir()
    write_onnx(made / "model.onnx")
    facts = {
        "name": "pets",
        "version": "3",
        "task": "detect",
        "classes": ["cat", "dog"],
        "input_size": [320, 416],
        "head": "raw",
        "sha256": sha256_of(made / "model.onnx"),
    }
    (made / "model.json").write_text(json.dumps(facts))
    return made


def change(folder: Path, **facts: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_card_is_read_with_the_model(folder: Path) -> None:
    assert load_bundle(folder).card is None
    card = folder / "MODEL_CARD.md"
    card.write_bytes("# Pets \N{CAT}".encode() + b" \xff")
    assert load_bundle(folder).card == "# Pets \N{CAT} \N{REPLACEMENT CHARACTER}"
    assert load_bundle(folder / "model.onnx").card is not None
    card.write_bytes(b"x" * MAX_CARD_BYTES)
    assert load_bundle(folder).card == "x" * MAX_CARD_BYTES
    card.write_bytes(b"x" * (MAX_CARD_BYTES + 1))
    assert load_bundle(folder).card is None


def test_folder(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert (bundle.name, bundle.version, bundle.task) == ("pets", "3", Task.DETECT)
    assert bundle.input_size == (320, 416)
    assert (bundle.confidence, bundle.iou) == (0.25, 0.7)
    assert load_bundle(folder / "model.onnx") == bundle


def test_bundled_model_is_whole() -> None:
    bundle = load_bundle(BUNDLED_MODEL)
    assert bundle.classes == ("bus", "car", "motorbike", "person", "truck")
    assert bundle.metrics["mAP50"] > 0.4
    assert "AGPL-3.0" in bundle.license
    assert "CC BY 4.0" in bundle.source


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "no model at"),
    "no onnx": (lambda f: (f / "model.onnx").unlink(), "has no model.onnx"),
    "no json": (lambda f: (f / "model.json").unlink(), "has no model.json"),
    "other file": (lambda f: write_onnx(f / "model.onnx", a="b"), "sha256 differs"),
    "not json": (lambda f: (f / "model.json").write_text("{"), "model.json"),
    "pose": (lambda f: change(f, task="pose"), "task"),
    "no classes": (lambda f: change(f, classes=[]), "classes"),
    "typo": (lambda f: change(f, clases=["a"]), "clases"),
    "name": (lambda f: change(f, name="../up"), "name"),
    "format": (lambda f: change(f, format=2), "format"),
    "threshold": (lambda f: change(f, thresholds={"confidence": 2}), "confidence"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folder(folder: Path, damage: str) -> None:
    act, message = DAMAGES[damage]
    act(folder)
    with pytest.raises(ModelBundleError, match=message):
        load_bundle(folder)


def test_bare_onnx(tmp_path: Path) -> None:
    path = write_onnx(
        tmp_path / "my pets.onnx", names=NAMES, task="detect", stride="32", imgsz="[320, 640]"
    )
    bundle = load_bundle(path)
    assert bundle.name == "my-pets"
    assert bundle.classes == ("cat", "dog")
    assert bundle.input_size == (320, 640)
    assert bundle.head is Head.RAW
    assert bundle.version == bundle.sha256[:12]


@pytest.mark.parametrize(
    ("props", "head"),
    [
        ({"end2end": "True"}, Head.END2END),
        ({"args": "{'nms': True}"}, Head.END2END),
        ({"end2end": "False", "args": "{'nms': None}"}, Head.RAW),
    ],
)
def test_head_of_bare_onnx(tmp_path: Path, props: dict[str, str], head: Head) -> None:
    path = write_onnx(tmp_path / "a.onnx", names=NAMES, task="segment", **props)
    assert load_bundle(path).head is head


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({}, "no Ultralytics metadata"),
        ({"names": NAMES, "task": "pose"}, "'pose' are not served"),
        ({"names": NAMES, "task": "obb"}, "'obb' are not served"),
        ({"names": "__import__('os')", "task": "detect"}, "malformed"),
        ({"names": "{0: 'cat', 2: 'dog'}", "task": "detect"}, "malformed"),
        ({"names": NAMES, "task": "detect", "stride": "many"}, "malformed"),
        ({"names": NAMES, "task": "detect", "imgsz": "[1, 2, 3]"}, "malformed"),
        ({"names": "{}", "task": "detect"}, "classes"),
    ],
)
def test_unusable_bare_onnx(tmp_path: Path, props: dict[str, str], message: str) -> None:
    path = write_onnx(tmp_path / "a.onnx", **props)
    with pytest.raises(ModelBundleError, match=message):
        load_bundle(path)


@pytest.mark.parametrize("data", [b"", b"not onnx at all", b"\x08\x07"])
def test_not_onnx(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelBundleError, match="not an ONNX file"):
        load_bundle(path)


def test_other_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"x")
    with pytest.raises(ModelBundleError, match="not a model that is served as it is"):
        load_bundle(path)
