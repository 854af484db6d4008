"""Train the tiny models of this folder: `python backend/tests/models/make_models.py [NAME ...]`.

Narrow versions of the real architectures, trained from nothing on generated shapes; a few minutes
each on two cores. They only have to find the shapes: the tests compare them with ultralytics.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from sightglass.training.torchvision_guard import import_ultralytics
from tests.models.shapes import CLASSES, draw

HERE = Path(__file__).parent
SIZE = 160
WIDTH = 0.0625  # of the architecture's channels; the smallest real scale (n) has 0.25
MODELS = {  # name: (architecture of ultralytics, epochs)
    "v8_detect": ("yolov8n.yaml", 40),
    "v11_detect": ("yolo11n.yaml", 40),
    "v26_detect": ("yolo26n.yaml", 50),
    "v11_segment": ("yolo11n-seg.yaml", 40),
    "v26_segment": ("yolo26n-seg.yaml", 50),
    "v11_classify": ("yolo11n-cls.yaml", 15),
}


def main(names: list[str]) -> None:
    ultralytics = import_ultralytics()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data = write_pictures(root / "shapes")
        crops = write_crops(root / "crops")
        for name in names or MODELS:
            architecture, epochs = MODELS[name]
            source = crops if "cls" in architecture else data
            train(ultralytics, root, name, architecture, source, epochs)


def train(
    ultralytics: Any, root: Path, name: str, architecture: str, data: Path, epochs: int
) -> None:
    facts = import_module("ultralytics.nn.tasks").yaml_model_load(architecture)
    facts = {key: value for key, value in facts.items() if key not in ("scale", "yaml_file")}
    facts["nc"] = len(CLASSES)
    facts["scales"] = {"n": [0.33, WIDTH, 1024]}
    # JSON is YAML.
    (root / architecture).write_text(json.dumps(facts))
    model = ultralytics.YOLO(str(root / architecture))
    model.train(
        data=str(data),
        epochs=epochs,
        imgsz=64 if "cls" in architecture else SIZE,
        batch=16,
        workers=0,
        optimizer="AdamW",
        lr0=0.005,
        warmup_epochs=1,
        close_mosaic=10,
        hsv_h=0.0,
        amp=False,
        plots=False,
        seed=0,
        project=str(root / "runs"),
        name=name,
    )
    weights = root / "runs" / name / "weights" / "best.pt"
    (HERE / f"{name}.pt").write_bytes(weights.read_bytes())
    print(name, weights.stat().st_size, "bytes")


def write_pictures(root: Path) -> Path:
    """A YOLO dataset with outlines as labels (boxes follow from them); its data.yaml."""
    rng = np.random.default_rng(7)
    for split, count in (("train", 240), ("val", 40)):
        for kind in ("images", "labels"):
            (root / split / kind).mkdir(parents=True)
        for number in range(count):
            picture, shapes = draw(rng, SIZE, SIZE, int(rng.integers(1, 7)))
            cv2.imwrite(str(root / split / "images" / f"{number}.png"), picture)
            rows = [
                f"{shape.class_id} " + " ".join(f"{v / SIZE:.5f}" for v in shape.outline.flat)
                for shape in shapes
            ]
            (root / split / "labels" / f"{number}.txt").write_text("\n".join(rows))
    facts = {"path": str(root), "train": "train/images", "val": "val/images", "names": CLASSES}
    (root / "data.yaml").write_text(json.dumps(facts))
    return root / "data.yaml"


def write_crops(root: Path) -> Path:
    """A classification dataset: one shape to a picture, a folder to a class."""
    rng = np.random.default_rng(8)
    for split, count in (("train", 240), ("val", 60)):
        for name in CLASSES:
            (root / split / name).mkdir(parents=True)
        for number in range(count):
            picture, shapes = draw(rng, 64, 64, 1, size=120)
            if shapes:
                name = CLASSES[shapes[0].class_id]
                cv2.imwrite(str(root / split / name / f"{number}.png"), picture)
    return root


if __name__ == "__main__":
    main(sys.argv[1:])
