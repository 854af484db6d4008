"""From `.pt` weights to a bundle folder: `python -m sightglass.training.export WEIGHTS FOLDER`.

Runs in a process of its own, so that serving never imports torch nor unpickles anything.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sightglass.engine.bundle import (
    FACTS_FILE,
    MODEL_FILE,
    ModelFacts,
    model_name,
    read_metadata,
    sha256_of,
)
from sightglass.errors import ModelBundleError, SightglassError
from sightglass.training.torchvision_guard import import_ultralytics

_OPSET = 17  # read by OpenVINO and ONNX Runtime of the last years alike


def export_bundle(
    weights: Path,
    folder: Path,
    *,
    facts: dict[str, Any] | None = None,
    input_size: int = 0,
    dynamic: bool = True,
    nms_free: bool = False,
    keep_weights: bool = False,
) -> ModelFacts:
    """Write `model.onnx` and `model.json` into `folder`; returns what the latter says.

    `facts` overrides fields of `model.json`. `nms_free` takes the one-to-one head of models that
    have both (YOLO26); the default is the head that ultralytics predicts with. Raises
    `ModelBundleError` when the weights cannot be converted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _to_onnx(weights, folder / MODEL_FILE, input_size, dynamic, nms_free)
    sha256 = sha256_of(folder / MODEL_FILE)
    found = read_metadata(folder / MODEL_FILE, sha256).model_dump(mode="json")
    found["name"] = model_name(weights.stem)
    found.update(facts or {})
    try:
        written = ModelFacts.model_validate(found)
    except ValidationError as error:
        raise ModelBundleError(f"The facts do not fit {FACTS_FILE}: {error}") from None
    kept = folder / "weights.pt"
    if keep_weights and not (kept.exists() and kept.samefile(weights)):
        shutil.copyfile(weights, kept)
    text = json.dumps(written.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / FACTS_FILE).write_text(text + "\n", encoding="utf-8")
    return written


def _to_onnx(weights: Path, target: Path, input_size: int, dynamic: bool, nms_free: bool) -> None:
    # Unpickle tensors and known layers alone: weights come from strangers.
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "true")
    ultralytics = import_ultralytics()
    with tempfile.TemporaryDirectory() as scratch:
        # ultralytics writes beside the weights, whose folder may be read-only.
        copy = Path(scratch) / "model.pt"
        shutil.copyfile(weights, copy)
        try:
            model = ultralytics.YOLO(str(copy))
            size = input_size or model.overrides.get("imgsz") or 640
            onnx = model.export(
                format="onnx",
                imgsz=size,
                dynamic=dynamic and model.task != "classify",
                simplify=True,
                opset=_OPSET,
                nms=False if nms_free else None,
                device="cpu",
            )
        except SightglassError:
            raise
        except Exception as error:  # a foreign file can make torch raise anything
            raise ModelBundleError(
                f"{weights.name} could not be converted: {type(error).__name__}: {error}"
            ) from error
        shutil.move(onnx, target)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 when the bundle was written, 1 with one line on stderr otherwise."""
    parser = argparse.ArgumentParser(prog="python -m sightglass.training.export")
    parser.add_argument("weights", type=Path, help="weights of ultralytics, .pt")
    parser.add_argument("folder", type=Path, help="where the bundle is written")
    parser.add_argument("--facts", type=Path, help="JSON whose fields go into model.json")
    parser.add_argument("--input-size", type=int, default=0, help="0: as the model was trained")
    parser.add_argument("--static", action="store_true", help="one fixed input shape")
    parser.add_argument("--nms-free", action="store_true", help="the one-to-one head of YOLO26")
    parser.add_argument("--keep-weights", action="store_true", help="copy the .pt beside it")
    asked = parser.parse_args(arguments)
    try:
        export_bundle(
            asked.weights,
            asked.folder,
            facts=json.loads(asked.facts.read_text()) if asked.facts else None,
            input_size=asked.input_size,
            dynamic=not asked.static,
            nms_free=asked.nms_free,
            keep_weights=asked.keep_weights,
        )
    except SightglassError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
