"""The pictures of the benchmark: drawn streets with the statistics of photos, made on the spot.

A photo's contrast is about the same in every octave of spatial frequency (amplitude 1/f, Field
1987); a picture drawn so costs a JPEG decoder what a photo of its size costs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sightglass.errors import SetupError

_QUALITY = 90

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Photo:
    """One JPEG and its pixels (BGR). `origin` says whether it was drawn or is the user's."""

    name: str
    data: bytes
    pixels: Pixels
    origin: str

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def megapixels(self) -> float:
        return self.width * self.height / 1e6


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """`photo`: 0.9 megapixels, upright. `wide`: 16:9. `large`: 12 megapixels."""

    photo: Photo
    wide: Photo
    large: Photo

    def __iter__(self) -> Iterator[Photo]:
        return iter((self.photo, self.wide, self.large))


def make_photos(own: Path | None = None) -> PhotoSet:
    """The three photos; with `own`, cut from that picture where it has pixels enough.

    Raises `SetupError` when `own` is not a picture.
    """
    data, source = (b"", None) if own is None else _read(own)
    return PhotoSet(
        photo=_photo("photo", 810, 1080, source, data),
        wide=_photo("wide", 1280, 720, source, data),
        large=_photo("large", 4000, 3000, source, data),
    )


def _read(path: Path) -> tuple[bytes, Pixels]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SetupError(f"The benchmark's image cannot be read: {path}") from error
    pixels: Pixels | None = None
    if data:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SetupError(f"The benchmark's image is not a picture: {path}")
    return data, pixels


def _photo(name: str, width: int, height: int, source: Pixels | None, data: bytes) -> Photo:
    if source is not None and source.shape[:2] == (height, width) and data[:2] == b"\xff\xd8":
        return Photo(name, data, source, "given")
    if source is not None and _covers(source, width, height):
        pixels, origin = _cut(source, width, height), "cut from the given one"
    else:
        pixels, origin = draw_street(width, height), "drawn"
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return Photo(name, encoded.tobytes(), pixels, origin)


def _covers(source: Pixels, width: int, height: int) -> bool:
    """Enlarging by more than a tenth would make a soft picture that is too easy to decode."""
    scale = max(width / source.shape[1], height / source.shape[0])
    return bool(scale <= 1.1)


def _cut(source: Pixels, width: int, height: int) -> Pixels:
    """The middle of the source in the wanted proportions, resized."""
    scale = min(source.shape[1] / width, source.shape[0] / height)
    w, h = round(width * scale), round(height * scale)
    x, y = (source.shape[1] - w) // 2, (source.shape[0] - h) // 2
    piece = source[y : y + h, x : x + w]
    resized: Pixels = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA)
    return resized


def draw_street(width: int, height: int, seed: int = 7) -> Pixels:
    """Sky, houses with windows, a road and vehicles, under texture of every scale."""
    random = np.random.default_rng(seed)
    scene = _background(width, height)
    for index in range(7):
        _house(scene, random, index / 7)
    for index in range(6):
        _vehicle(scene, random, 0.06 + 0.16 * index)
    for index in range(5):
        _person(scene, random, 0.1 + 0.19 * index)
    return _textured(scene, random)


def _background(width: int, height: int) -> Pixels:
    """A sky that darkens upwards over a road that brightens towards the viewer (BGR)."""
    horizon = round(0.45 * height)
    rows = np.empty((height, 3), np.float32)
    sky = np.linspace(0, 1, horizon)[:, None]
    rows[:horizon] = (1 - sky) * np.array([205, 160, 120]) + sky * np.array([225, 215, 205])
    road = np.linspace(0, 1, height - horizon)[:, None]
    rows[horizon:] = (1 - road) * np.array([88, 90, 92]) + road * np.array([128, 128, 130])
    return np.repeat(rows[:, None, :], width, axis=1).astype(np.uint8)


def _house(scene: Pixels, random: np.random.Generator, left: float) -> None:
    height, width = scene.shape[:2]
    x1, x2 = round(left * width), round((left + 0.15) * width)
    y1, y2 = round(random.uniform(0.05, 0.25) * height), round(0.52 * height)
    wall = _colour(random, 70, 190)
    cv2.rectangle(scene, (x1, y1), (x2, y2), wall, -1)
    glass = tuple(value * 0.45 for value in wall)
    step_x, step_y = max(4, (x2 - x1) // 6), max(4, (y2 - y1) // 8)
    for x in range(x1 + step_x // 2, x2 - step_x // 2, step_x):
        for y in range(y1 + step_y // 2, y2 - step_y // 2, step_y):
            cv2.rectangle(scene, (x, y), (x + step_x // 2, y + step_y // 2), glass, -1)


def _vehicle(scene: Pixels, random: np.random.Generator, left: float) -> None:
    height, width = scene.shape[:2]
    size = random.uniform(0.06, 0.15) * width
    x, y = left * width, (0.55 + random.uniform(0, 0.3)) * height
    paint = _colour(random, 30, 230)

    def at(dx: float, dy: float) -> tuple[int, int]:
        return round(x + dx * size), round(y + dy * size)

    cabin = np.array([at(0.2, 0), at(0.35, -0.28), at(0.75, -0.28), at(0.9, 0)], np.int32)
    cv2.rectangle(scene, at(0, 0), at(1.1, 0.3), paint, -1)
    cv2.fillPoly(scene, [cabin], paint)
    cv2.rectangle(scene, at(0.38, -0.22), at(0.72, -0.03), (70, 60, 50), -1)
    for dx in (0.25, 0.85):
        cv2.circle(scene, at(dx, 0.3), max(2, round(0.12 * size)), (25, 25, 25), -1)
        cv2.circle(scene, at(dx, 0.3), max(1, round(0.05 * size)), (150, 150, 150), -1)
    cv2.ellipse(
        scene, at(0.55, 0.43), (round(0.6 * size), round(0.05 * size)), 0, 0, 360, (50,) * 3, -1
    )


def _person(scene: Pixels, random: np.random.Generator, left: float) -> None:
    height, width = scene.shape[:2]
    size = random.uniform(0.05, 0.1) * height
    x, y = left * width, (0.5 + random.uniform(0, 0.35)) * height

    def at(dx: float, dy: float) -> tuple[int, int]:
        return round(x + dx * size), round(y + dy * size)

    cv2.rectangle(scene, at(-0.14, 0), at(0.14, 0.45), _colour(random, 30, 220), -1)
    cv2.rectangle(scene, at(-0.12, 0.45), at(-0.02, 0.95), _colour(random, 20, 90), -1)
    cv2.rectangle(scene, at(0.02, 0.45), at(0.12, 0.95), _colour(random, 20, 90), -1)
    cv2.circle(scene, at(0, -0.13), max(2, round(0.11 * size)), (130, 160, 205), -1)


def _colour(random: np.random.Generator, low: int, high: int) -> tuple[float, float, float]:
    blue, green, red = random.uniform(low, high, 3)
    return float(blue), float(green), float(red)


def _textured(scene: Pixels, random: np.random.Generator) -> Pixels:
    """Add noise with the same contrast in each octave, less in the finest: lenses blur it."""
    height, width = scene.shape[:2]
    noise = np.zeros((height, width), np.float32)
    pixels_a_cell = 1
    while pixels_a_cell <= max(width, height) // 4:
        amplitude = 3.2 if pixels_a_cell == 1 else 5.0
        rows, columns = max(2, height // pixels_a_cell), max(2, width // pixels_a_cell)
        octave = random.standard_normal((rows, columns), dtype=np.float32) * amplitude
        noise += cv2.resize(octave, (width, height), interpolation=cv2.INTER_CUBIC)
        pixels_a_cell *= 2
    textured = scene.astype(np.int16) + noise.astype(np.int16)[:, :, None]
    clipped: Pixels = np.clip(textured, 0, 255).astype(np.uint8)
    return clipped
