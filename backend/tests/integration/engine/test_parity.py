"""The engine against ultralytics' own predictions on the same weights, in float32."""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np
import pytest

from sightglass.engine.detector import Detector
from sightglass.engine.letterbox import Pixels
from sightglass.engine.types import Detection, DetectOptions
from tests.integration.engine.conftest import Exporter, weights_of

INPUT = 320
FINE = 8  # cells a pixel of the input: filling a polygon counts the outline in, half a cell wide
# The bundled model is unsure of most things: at its own threshold there is little to compare.
CONFIDENCE = {"street": 0.05}
# name of the model, taken without NMS or not, and how many objects it must find on all pictures
CASES = [
    ("street", False, 10),
    ("v8_detect", False, 20),
    ("v11_detect", False, 20),
    ("v26_detect", False, 20),
    ("v26_detect", True, 20),
    ("v11_segment", False, 20),
    ("v26_segment", False, 20),
    ("v26_segment", True, 20),
]


def reference(ultralytics: Any, name: str, picture: Pixels, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ultralytics.YOLO(str(weights_of(name)))
        return model.predict(picture, verbose=False, device="cpu", **options)[0]


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(("name", "nms_free", "least"), CASES)
def test_same_objects(
    ultralytics: Any,
    exported: Exporter,
    pictures: dict[str, Pixels],
    engine: str,
    name: str,
    nms_free: bool,
    least: int,
) -> None:
    bundle = exported(name, nms_free=True) if nms_free else exported(name)
    size = {"street": bundle.input_size[0], "v11_segment": 640, "v26_segment": 640}.get(name, INPUT)
    detector = Detector.load(bundle, engine=engine, precision="f32", input_size=size, max_shapes=9)
    confidence = CONFIDENCE.get(name, 0.25)
    total = 0
    for label, picture in pictures.items():
        nms = {"nms": False} if nms_free else {}
        theirs = reference(ultralytics, name, picture, imgsz=size, conf=confidence, iou=0.7, **nms)
        ours = detector.detect(picture, DetectOptions(confidence=confidence))
        compare(theirs, list(ours.detections), picture, f"{label} {ours.input_shape}")
        total += len(ours.detections)
    detector.close()
    assert total >= least


def test_thresholds_classes_and_limit(
    ultralytics: Any, exported: Exporter, pictures: dict[str, Pixels]
) -> None:
    detector = Detector.load(exported("v11_detect"), precision="f32", input_size=INPUT)
    for options in (
        DetectOptions(confidence=0.01, iou=0.3),
        DetectOptions(confidence=0.05, iou=0.95),
        DetectOptions(confidence=0.05, classes=(0, 2)),
        DetectOptions(confidence=0.01, max_detections=3),
    ):
        theirs = reference(
            ultralytics,
            "v11_detect",
            pictures["crowd"],
            imgsz=INPUT,
            conf=options.confidence,
            iou=options.iou or 0.7,
            classes=list(options.classes) if options.classes else None,
            max_det=options.max_detections or 300,
        )
        ours = detector.detect(pictures["crowd"], options)
        assert len(ours.detections) >= 3
        compare(theirs, list(ours.detections), pictures["crowd"], str(options))
    detector.close()


def test_same_classes(ultralytics: Any, exported: Exporter, pictures: dict[str, Pixels]) -> None:
    bundle = exported("v11_classify")
    winners = set()
    for engine in ("openvino", "onnxruntime"):
        detector = Detector.load(bundle, engine=engine, precision="f32")
        for label, picture in pictures.items():
            theirs = reference(ultralytics, "v11_classify", picture, imgsz=64).probs.data.numpy()
            ours = {c.class_id: c.confidence for c in detector.detect(picture).classifications}
            assert list(ours.values()) == sorted(ours.values(), reverse=True), label
            for class_id, expected in enumerate(theirs):
                assert ours[class_id] == pytest.approx(expected, abs=0.01), label
            winners.add(int(np.argmax(theirs)))
        detector.close()
    assert len(winners) > 1  # the pictures are not all alike to the model


def compare(theirs: Any, ours: list[Detection], picture: Pixels, label: str) -> None:
    """Same count, and to each of theirs one of ours: class, box, confidence and mask."""
    assert len(ours) == len(theirs.boxes), label
    left = list(ours)
    for index, row in enumerate(theirs.boxes.data.numpy()):
        *corners, confidence, class_id = row.tolist()
        same = [d for d in left if d.class_id == int(class_id)]
        assert same, label
        best = min(same, key=lambda d: distance(d, corners))
        assert distance(best, corners) <= 1.0, label
        assert best.confidence == pytest.approx(confidence, abs=0.01), label
        left.remove(best)
        if theirs.masks is not None:
            mask = theirs.masks.data[index].numpy()
            assert overlap(best, mask, picture) > 0.95, f"{label} {mask.sum()}"


def distance(detection: Detection, corners: list[float]) -> float:
    box = detection.box
    return float(np.abs(np.array([box.x1, box.y1, box.x2, box.y2]) - corners).max())


def overlap(detection: Detection, mask: Any, picture: Pixels) -> float:
    """IoU of the filled polygons and ultralytics' mask, in cells of the model's input."""
    assert detection.mask is not None
    height, width = picture.shape[:2]
    gain = min(mask.shape[0] / height, mask.shape[1] / width)
    inner = round(height * gain), round(width * gain)
    top, left = (round((m - i) / 2 - 0.1) for m, i in zip(mask.shape, inner, strict=True))
    # Ultralytics' mask may reach into the padding; in the picture there is no such place.
    inside = np.zeros_like(mask, np.uint8)
    place = np.s_[top : top + inner[0], left : left + inner[1]]
    inside[place] = mask[place]
    expected = inside.repeat(FINE, axis=0).repeat(FINE, axis=1)
    # Outlines have no holes, neither ours nor ultralytics' own (`masks.xy`).
    contours, _ = cv2.findContours(expected, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(expected, contours, -1, 1, cv2.FILLED)
    filled = np.zeros_like(expected)
    scale = np.array([inner[1] / width, inner[0] / height])
    polygons = [
        ((np.array(p) * scale + (left, top)) * FINE - 0.5).round().astype(np.int32)
        for p in detection.mask.polygons
    ]
    cv2.fillPoly(filled, polygons, 1)
    return float((filled & expected).sum() / (filled | expected).sum())
