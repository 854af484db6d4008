"""The pictures that the visitor has: a real photo, the project's samples, and broken ones."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).parents[3]
SAMPLES = REPOSITORY / "frontend" / "public" / "samples"


def street_photo() -> Path:
    """A photo of 810x1080 pixels of a bus and people, which the ultralytics package brings."""
    package = importlib.util.find_spec("ultralytics")  # found, not imported: that takes seconds
    assert package is not None, "ultralytics is not installed"
    assert package.origin is not None
    return Path(package.origin).with_name("assets") / "bus.jpg"


def sample(name: str) -> Path:
    return SAMPLES / f"{name}.jpg"


def copies(folder: Path, count: int) -> list[Path]:
    """Small pictures that all differ."""
    with Image.open(sample("highway")) as image:
        small = image.resize((480, 300))
    paths = [folder / f"street-{number:02}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        small.crop((number, 0, 480, 300)).save(path, quality=85)
    return paths


def broken(folder: Path) -> Path:
    """Named and begun like a JPEG, and nothing of it can be decoded."""
    path = folder / "broken.jpg"
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue()[:180])
    return path
