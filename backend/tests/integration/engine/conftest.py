"""The tiny models, exported once a session, and the pictures that they are tried on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sightglass.engine.bundle import ModelBundle, load_bundle
from sightglass.engine.letterbox import Pixels
from sightglass.settings import BUNDLED_MODEL
from sightglass.training.export import export_bundle
from sightglass.training.torchvision_guard import import_ultralytics
from tests.models.shapes import draw

MODELS = Path(__file__).parents[2] / "models"

Exporter = Callable[..., ModelBundle]


@pytest.fixture(scope="session")
def ultralytics() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_ultralytics()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exporter:
    """A function from the name of a tiny model (and options of the export) to its bundle."""
    made: dict[tuple[Any, ...], ModelBundle] = {}

    def export(name: str, **options: Any) -> ModelBundle:
        if name == "street":
            return load_bundle(BUNDLED_MODEL)
        key = (name, *sorted(options.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp(name)
            with warnings.catch_warnings():  # of torch's exporter, not ours to mend
                warnings.simplefilter("ignore")
                export_bundle(weights_of(name), folder, **options)
            made[key] = load_bundle(folder)
        return made[key]

    return export


def weights_of(name: str) -> Path:
    return BUNDLED_MODEL / "weights.pt" if name == "street" else MODELS / f"{name}.pt"


@pytest.fixture(scope="session")
def pictures() -> dict[str, Pixels]:
    """BGR pictures: the photos inside ultralytics, and generated ones of odd shapes."""
    from ultralytics.utils import ASSETS

    rng = np.random.default_rng(3)
    usual = draw(rng, 480, 640, 5)[0]
    grey = cv2.cvtColor(draw(rng, 400, 400, 5)[0], cv2.COLOR_BGR2GRAY)
    found = {name: cv2.imread(str(ASSETS / f"{name}.jpg")) for name in ("bus", "zidane")}
    assert all(picture is not None for picture in found.values())
    return found | {
        "shapes": usual,
        "crowd": draw(rng, 640, 640, 12, size=480)[0],
        "grey": cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR),
        "tiny": draw(rng, 24, 32, 2, size=40)[0],
        "wide": draw(rng, 110, 600, 5, size=190)[0],
        "tall": draw(rng, 600, 110, 5, size=190)[0],
        "large": draw(rng, 1500, 2000, 5)[0],
    }
