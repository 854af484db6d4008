"""The sample pictures of the web interface: small, and the bundled model sees something there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightglass.engine.detector import Detector
from sightglass.intake import IntakeLimits, decode
from sightglass.registry.resolve import resolve_model
from sightglass.settings import BUNDLED_MODEL

SAMPLES = Path(__file__).parents[3] / "frontend" / "public" / "samples"
# what is found for sure, by a good margin over the model's own confidence
FOUND = {
    "bus-stop": {"bus", "person"},
    "crossing": {"car", "person", "motorbike"},
    "dusk": {"car", "person"},
    "highway": {"car", "truck"},
}


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    detector = Detector.load(resolve_model(BUNDLED_MODEL, tmp_path_factory.mktemp("cache")))
    yield detector
    detector.close()


def test_these_are_all_samples() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {f"{name}.jpg" for name in FOUND}


@pytest.mark.parametrize("name", FOUND)
def test_sample_is_a_small_file_with_a_large_picture(name: str) -> None:
    data = (SAMPLES / f"{name}.jpg").read_bytes()
    frame = decode(data, IntakeLimits())
    assert len(data) < 200_000
    assert frame.format == "jpeg"
    assert (frame.width, frame.height) == ((900, 1200) if name == "bus-stop" else (1280, 800))


@pytest.mark.parametrize("name", FOUND)
def test_bundled_model_finds_objects_in_sample(name: str, detector: Detector) -> None:
    data = (SAMPLES / f"{name}.jpg").read_bytes()
    frame = decode(data, IntakeLimits(), target=detector.input_size)
    found = detector.detect(frame.pixels, original_size=(frame.width, frame.height)).detections
    assert len(found) >= 3
    assert {one.name for one in found} >= FOUND[name]
