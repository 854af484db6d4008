"""Both runtimes with real models: they agree, keep to their shapes, and refuse what cannot run."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightglass.engine.bundle import Head, load_bundle
from sightglass.engine.detector import Detector
from sightglass.engine.letterbox import Pixels
from sightglass.engine.types import Detection, DetectOptions, EngineResult
from sightglass.errors import InferenceError, ModelBundleError, SetupError
from tests.integration.engine.conftest import Exporter

ENGINES = ["openvino", "onnxruntime"]


def assert_close(
    first: EngineResult, second: EngineResult, pixels: float, confidence: float
) -> None:
    assert len(first.detections) == len(second.detections)
    left = list(second.detections)
    for one in first.detections:
        best = min(left, key=lambda other: far(one, other))
        assert best.class_id == one.class_id
        assert far(one, best) <= pixels
        assert best.confidence == pytest.approx(one.confidence, abs=confidence)
        left.remove(best)


def far(a: Detection, b: Detection) -> float:
    return max(
        abs(a.box.x1 - b.box.x1),
        abs(a.box.y1 - b.box.y1),
        abs(a.box.x2 - b.box.x2),
        abs(a.box.y2 - b.box.y2),
    )


@pytest.mark.parametrize("name", ["v11_detect", "v26_detect", "v11_segment"])
def test_runtimes_agree(exported: Exporter, pictures: dict[str, Pixels], name: str) -> None:
    detectors = [
        Detector.load(exported(name), engine=engine, precision="f32", input_size=320)
        for engine in ENGINES
    ]
    for label in ("shapes", "crowd", "bus"):
        first, second = (detector.detect(pictures[label]) for detector in detectors)
        assert_close(first, second, 0.1, 0.001)
    for detector in detectors:
        detector.close()


def test_bf16_is_close_to_f32(exported: Exporter, pictures: dict[str, Pixels]) -> None:
    exact, fast = (
        Detector.load(exported("v11_detect"), precision=precision, input_size=320)
        for precision in ("f32", "bf16")
    )
    assert exact.info().precision == "f32"
    # Well above the threshold: what lies at it may fall to either side.
    sure = DetectOptions(confidence=0.65)
    expected = exact.detect(pictures["crowd"], sure)
    assert len(expected.detections) >= 8
    assert_close(expected, fast.detect(pictures["crowd"], sure), 4.0, 0.05)


@pytest.mark.parametrize("engine", ENGINES)
def test_static_model_keeps_its_shape(
    exported: Exporter, pictures: dict[str, Pixels], engine: str
) -> None:
    bundle = exported("v11_detect", dynamic=False, input_size=320)
    detector = Detector.load(bundle, engine=engine, precision="f32")
    assert not detector.info().dynamic
    assert detector.input_size == 320
    for label in ("wide", "tall", "shapes"):
        assert detector.detect(pictures[label]).input_shape == (320, 320)
    square = Detector.load(
        exported("v11_detect"), precision="f32", input_size=320, rectangular=False
    )
    assert_close(square.detect(pictures["shapes"]), detector.detect(pictures["shapes"]), 0.1, 0.001)
    with pytest.raises(ModelBundleError, match="320x320"):
        Detector.load(bundle, engine=engine, input_size=640)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_threads_get_what_one_gets(
    exported: Exporter, pictures: dict[str, Pixels], engine: str
) -> None:
    detector = Detector.load(exported("v11_detect"), engine=engine, precision="f32", max_shapes=3)
    labels = ["shapes", "wide", "tall", "crowd"]
    detector.warm_up((pictures[label].shape[1], pictures[label].shape[0]) for label in labels)
    expected = {label: detector.detect(pictures[label]).detections for label in labels}
    wrong: list[str] = []

    def ask(start: int) -> None:
        for turn in range(20):
            label = labels[(start + turn) % len(labels)]
            if detector.detect(pictures[label]).detections != expected[label]:
                wrong.append(label)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert len(detector.info().input_shapes) <= 3


def test_very_wide_picture_has_rows_enough_for_a_head_without_nms(
    exported: Exporter,
) -> None:
    detector = Detector.load(exported("v26_detect", nms_free=True), precision="f32")
    result = detector.detect(np.full((10, 1000, 3), 128, np.uint8))
    assert result.input_shape == (96, 160)


def test_stages_and_info(exported: Exporter, pictures: dict[str, Pixels]) -> None:
    detector = Detector.load(exported("v11_detect"), confidence=0.4, iou=0.5, streams=1)
    result = detector.detect(pictures["shapes"])
    assert set(result.milliseconds) == {"preprocess", "inference", "postprocess"}
    assert all(value > 0 for value in result.milliseconds.values())
    info = detector.info()
    assert (info.confidence, info.iou, info.streams, detector.streams) == (0.4, 0.5, 1, 1)
    assert info.classes == ("disc", "square", "triangle")
    assert info.input_shapes == ((128, 160), (160, 160))
    assert all(d.confidence > 0.4 for d in result.detections)


def test_reduced_pixels_are_answered_in_the_original(
    exported: Exporter, pictures: dict[str, Pixels]
) -> None:
    detector = Detector.load(exported("v11_detect"), precision="f32", input_size=320)
    picture = pictures["large"]
    half = np.ascontiguousarray(picture[::2, ::2])
    whole = detector.detect(picture)
    reduced = detector.detect(half, original_size=(picture.shape[1], picture.shape[0]))
    assert len(whole.detections) >= 2
    assert_close(whole, reduced, 25.0, 0.2)


def test_runtime_failure_is_one_of_ours(exported: Exporter) -> None:
    detector = Detector.load(exported("v11_detect"))
    with pytest.raises(InferenceError):
        detector.detect(np.zeros((10, 10), np.uint8))
    assert detector.detect(np.zeros((10, 10, 3), np.uint8)).detections == ()


def test_head_that_is_not_what_the_bundle_says(exported: Exporter) -> None:
    bundle = exported("v11_detect")
    for wrong in (
        replace(bundle, classes=("a", "b")),
        replace(bundle, head=Head.END2END),
        replace(bundle, task=exported("v11_segment").task),
    ):
        with pytest.raises(ModelBundleError, match="are not those of"):
            Detector.load(wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_not_a_model(tmp_path: Path, exported: Exporter, engine: str) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelBundleError):
        Detector.load(replace(exported("v11_detect"), onnx_path=path), engine=engine)


def test_settings_that_a_runtime_cannot_follow(exported: Exporter) -> None:
    bundle = exported("v11_detect")
    with pytest.raises(SetupError, match="ENGINE=tensorflow"):
        Detector.load(bundle, engine="tensorflow")
    with pytest.raises(SetupError, match="INFERENCE_PRECISION=bf16"):
        Detector.load(bundle, engine="onnxruntime", precision="bf16")


def test_bare_onnx_is_served_as_it_is(
    tmp_path: Path, exported: Exporter, pictures: dict[str, Pixels]
) -> None:
    bundle = exported("v26_segment", nms_free=True)
    bare = tmp_path / "mine.onnx"
    shutil.copyfile(bundle.onnx_path, bare)
    loaded = load_bundle(bare)
    assert (loaded.head, loaded.task) == (Head.END2END, bundle.task)
    assert json.loads((bundle.onnx_path.parent / "model.json").read_text())["head"] == "end2end"
    found = Detector.load(loaded, precision="f32").detect(pictures["shapes"])
    assert found.detections
    assert all(d.mask is not None and d.mask.polygons for d in found.detections)
