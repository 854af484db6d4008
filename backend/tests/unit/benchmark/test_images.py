"""The benchmark's pictures are like photos: their size, proportions and weight as JPEG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sightglass.benchmark.images import PhotoSet, draw_street, make_photos
from sightglass.errors import SetupError


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    return make_photos()


def test_sizes(photos: PhotoSet) -> None:
    assert (photos.photo.width, photos.photo.height) == (810, 1080)
    assert (photos.wide.width, photos.wide.height) == (1280, 720)
    assert (photos.large.width, photos.large.height) == (4000, 3000)


def test_jpegs_weigh_what_photos_weigh(photos: PhotoSet) -> None:
    assert 150_000 < len(photos.photo.data) < 300_000
    assert 2_500_000 < len(photos.large.data) < 5_000_000


def test_jpegs_decode_to_the_pixels_they_were_made_of(photos: PhotoSet) -> None:
    for photo in photos:
        decoded = cv2.imdecode(np.frombuffer(photo.data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == photo.pixels.shape
        error = np.abs(decoded.astype(np.int16) - photo.pixels)
        assert float(error.mean()) < 5


def test_contrast_falls_with_frequency_as_in_photos(photos: PhotoSet) -> None:
    """The amplitude spectrum of natural images falls about as 1/f."""
    luma = cv2.cvtColor(photos.photo.pixels, cv2.COLOR_BGR2GRAY)[:800, :800].astype(np.float64)
    window = np.hanning(800)
    spectrum = np.abs(np.fft.fft2((luma - luma.mean()) * window[:, None] * window))
    y, x = np.meshgrid(np.fft.fftfreq(800, 1 / 800), np.fft.fftfreq(800, 1 / 800), indexing="ij")
    radius = np.hypot(x, y).round().astype(int).ravel()
    profile = np.bincount(radius, spectrum.ravel()) / np.bincount(radius)
    band = np.arange(8, 320)
    slope = np.polyfit(np.log(band), np.log(profile[band]), 1)[0]
    assert -1.6 < slope < -0.6


def test_the_same_picture_every_time() -> None:
    assert np.array_equal(draw_street(320, 200), draw_street(320, 200))


def test_own_jpeg_of_the_right_size_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.jpg"
    cv2.imwrite(str(path), draw_street(810, 1080, seed=1), [cv2.IMWRITE_JPEG_QUALITY, 60])
    photos = make_photos(path)
    assert photos.photo.data == path.read_bytes()
    assert photos.photo.origin == "given"


def test_own_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    path = tmp_path / "own.png"
    cv2.imwrite(str(path), draw_street(1300, 1100, seed=1))
    photos = make_photos(path)
    assert photos.photo.origin == "cut from the given one"
    assert photos.wide.origin == "cut from the given one"
    assert photos.large.origin == "drawn"
    assert (photos.wide.width, photos.wide.height) == (1280, 720)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_own_picture_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError):
        make_photos(path)
