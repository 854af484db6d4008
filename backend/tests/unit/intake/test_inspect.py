"""Types, limits and facts from the header alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sightglass.errors import (
    BrokenImageError,
    EmptyImageError,
    NotAnImageError,
    SetupError,
    SightglassError,
    TooManyBytesError,
    TooManyFramesError,
    TooManyPixelsError,
    TruncatedImageError,
    UnsupportedTypeError,
)
from sightglass.intake import FORMATS, Header, IntakeLimits, decode, inspect
from sightglass.intake.headers.jpeg import MAX_SCANS
from sightglass.settings import Settings
from tests.hostile import files, jpeg_files, pictures

LIMITS = IntakeLimits()


HOSTILE = {name: data for name, data, _ in files.all_files()}


def test_limits_come_from_the_settings() -> None:
    settings = Settings(
        _env_file=None, max_file_size=7, max_pixels=8, max_frames=9, allowed_formats=("png",)
    )
    assert IntakeLimits.from_settings(settings) == IntakeLimits(7, 8, 9, ("png",))


def test_an_unknown_format_in_the_settings_is_a_setup_error() -> None:
    settings = Settings(_env_file=None, allowed_formats=("png", "jpg"))
    with pytest.raises(SetupError, match="jpg is not one of jpeg"):
        IntakeLimits.from_settings(settings)


@pytest.mark.parametrize("name", pictures.VALID)
def test_facts_of_every_kind(name: str) -> None:
    header = inspect(pictures.VALID[name](), LIMITS)
    assert (header.format, header.width, header.height) == (name.partition("-")[0], 64, 48)
    assert header.frames == 1
    assert header.bits == (16 if name.endswith("16") else 8)


def test_a_turned_picture_has_its_sides_swapped() -> None:
    header = inspect(pictures.jpeg(exif=pictures.exif_block(6)), LIMITS)
    assert (header.width, header.height) == (64, 48)
    assert header.upright_size == (48, 64)


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_at_the_limit_and_one_above(name: str) -> None:
    data = pictures.VALID[name]()
    assert inspect(data, IntakeLimits(max_bytes=len(data))).format == name
    with pytest.raises(TooManyBytesError) as error:
        inspect(data, IntakeLimits(max_bytes=len(data) - 1))
    assert error.value.details == {"size_bytes": len(data), "limit": len(data) - 1}


@pytest.mark.parametrize("name", FORMATS)
def test_pixels_at_the_limit_and_one_above(name: str) -> None:
    data = pictures.VALID[name]()
    assert decode(data, IntakeLimits(max_pixels=64 * 48)).width == 64
    with pytest.raises(TooManyPixelsError) as error:
        inspect(data, IntakeLimits(max_pixels=64 * 48 - 1))
    assert error.value.details == {"pixels": 64 * 48, "limit": 64 * 48 - 1}


def test_frames_at_the_limit_and_one_above() -> None:
    data = pictures.animated_png(4)
    assert inspect(data, IntakeLimits(max_frames=4)).frames == 4
    with pytest.raises(TooManyFramesError):
        inspect(data, IntakeLimits(max_frames=3))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_is_switched_off(name: str) -> None:
    others = tuple(other for other in FORMATS if other != name)
    with pytest.raises(UnsupportedTypeError, match=name.upper()):
        inspect(pictures.VALID[name](), IntakeLimits(formats=others))


@pytest.mark.parametrize(
    ("name", "detected"),
    [
        ("gif", "GIF"),
        ("svg", "SVG"),
        ("svg-laughs", "SVG"),
        ("pdf", "PDF"),
        ("zip", "ZIP"),
        ("mp4", "MP4 video"),
        ("heic", "HEIC"),
        ("avif", "AVIF"),
        ("webm", "Matroska or WebM video"),
        ("avi", "AVI video"),
        ("jpeg-xl", "JPEG XL"),
        ("jpeg-2000", "JPEG 2000"),
        ("ico", "ICO"),
    ],
)
def test_known_types_are_named(name: str, detected: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=detected) as error:
        inspect(HOSTILE[f"type-{name}"], LIMITS)
    assert error.value.details == {"detected": detected}


@pytest.mark.parametrize(
    "name", ["text", "json", "html", "elf", "exe", "noise", "zeros", "one-byte"]
)
def test_anything_else_is_not_an_image(name: str) -> None:
    with pytest.raises(NotAnImageError) as error:
        inspect(HOSTILE[f"type-{name}"], LIMITS)
    assert error.value.code == "not_an_image"


def test_nothing_is_an_empty_image() -> None:
    with pytest.raises(EmptyImageError):
        inspect(b"", LIMITS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jpeg-12-bit", "12 bits"),
        ("jpeg-frame-c3", "lossless"),
        ("jpeg-frame-c9", "arithmetic-coded"),
        ("tiff-float", "floating-point"),
        ("tiff-old-jpeg", "compression 6"),
        ("tiff-big", "BigTIFF"),
    ],
)
def test_unserved_variants_are_named(name: str, kind: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=kind):
        inspect(HOSTILE[name], LIMITS)


@pytest.mark.parametrize(
    "name",
    [
        "png-bomb-60000",
        "png-bomb-16-bit",
        "png-bomb-one-row",
        "webp-bomb-lossy-16383",
        "webp-bomb-lossless-16383",
        "tiff-bomb-4-billion-wide",
        "tiff-bomb-100000-x-100000",
        "bmp-most-negative-height",
        "bmp-2-billion-squared",
        "jpeg-65535-x-65535",
    ],
)
def test_bombs_are_refused_from_the_header(name: str) -> None:
    data = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(TooManyPixelsError):
            decode(data, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    "name",
    [
        "png-7000-x-7000-of-nothing",
        "tiff-7000-x-7000-of-nothing",
        "jpeg-7000-x-7000-of-nothing",
    ],
)
def test_sizes_that_the_data_cannot_fill(name: str) -> None:
    with pytest.raises(TruncatedImageError, match="less data than its size needs"):
        inspect(HOSTILE[name], LIMITS)


def test_scans_at_the_limit_and_one_above() -> None:
    own = pictures.jpeg(progressive=True).count(b"\xff\xda")
    assert inspect(jpeg_files.scan_bomb(MAX_SCANS - own), LIMITS).width == 64
    with pytest.raises(BrokenImageError, match="scans"):
        inspect(jpeg_files.scan_bomb(MAX_SCANS - own + 1), LIMITS)


def test_repeated_scans_of_one_colour_are_counted_too() -> None:
    # Every scan of a sequential file after a partial one makes the decoder start over as well.
    data = pictures.jpeg(mode="L")
    scan = data.index(b"\xff\xda")
    frame = jpeg_files.jpeg_frame(data)
    two = jpeg_files.jpeg_segment(0xC0, b"\x08\0\x30\0\x40\3\1\x11\0\2\x11\0\3\x11\0")
    start = data[:frame] + two + data[frame + 13 : scan]
    with pytest.raises(BrokenImageError, match="scans"):
        inspect(start + data[scan:-2] * 200 + b"\xff\xd9", LIMITS)


@pytest.mark.parametrize("marker", range(20))
def test_jpeg_cut_at_every_segment(marker: int) -> None:
    good = pictures.jpeg(exif=pictures.exif_block(3))
    offsets = [offset for _, offset in jpeg_files.jpeg_markers(good)]
    for cut in range(offsets[marker % len(offsets)], offsets[marker % len(offsets)] + 4):
        with pytest.raises((TruncatedImageError, BrokenImageError, NotAnImageError)):
            inspect(good[:cut], LIMITS)


@pytest.mark.parametrize("name", ["png", "webp", "webp-lossless", "bmp", "tiff", "jpeg"])
def test_no_prefix_of_a_picture_is_served(name: str) -> None:
    good = pictures.VALID[name]()
    for cut in np.linspace(1, len(good) - 1, 60).astype(int):
        with pytest.raises(SightglassError) as error:
            decode(good[:cut], LIMITS)
        assert error.value.code in {"truncated_image", "broken_image", "not_an_image"}


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_impossible_orientations_mean_upright(orientation: int) -> None:
    data = pictures.jpeg(exif=pictures.exif_block(orientation))
    assert inspect(data, LIMITS).orientation == 1


def test_a_header_without_pixels_is_broken() -> None:
    with pytest.raises(BrokenImageError):
        Header("png", 0, 1, 3)


def test_thumbnail_pages_do_not_count() -> None:
    pixels = pictures.scene().tobytes()
    tags = pictures.rgb_tags(64, 48, len(pixels))
    page = pictures.tiff_file(tags, pixels)
    thumbnail = pictures.tiff_directory({254: (4, [1])} | tags)
    last = int.from_bytes(page[4:8], "little") + 2 + 12 * len(tags)
    data = page[:last] + len(page).to_bytes(4, "little") + page[last + 4 :] + thumbnail
    assert inspect(data, LIMITS).frames == 1
    further = pictures.tiff_directory(tags)
    data = page[:last] + len(page).to_bytes(4, "little") + page[last + 4 :] + further
    with pytest.raises(TooManyFramesError):
        inspect(data, LIMITS)
