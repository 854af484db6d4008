"""Pixels, sizes and colours of valid pictures."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from sightglass.errors import (
    BrokenImageError,
    SightglassError,
    TooManyFramesError,
    TruncatedImageError,
    UnsupportedTypeError,
)
from sightglass.intake import Frame, IntakeLimits, decode, inspect
from tests.hostile import pictures
from tests.hostile.pictures import Rgb

LIMITS = IntakeLimits()


def rgb(frame: Frame) -> Rgb:
    return frame.pixels[:, :, ::-1]


def by_pillow(data: bytes) -> Rgb:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def largest_difference(one: Rgb, other: Rgb) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def mean_difference(one: Rgb, other: Rgb) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("name", pictures.VALID)
def test_every_kind_gives_a_contiguous_bgr_frame(name: str) -> None:
    data = pictures.VALID[name]()
    frame = decode(data, LIMITS)
    assert frame.pixels.shape == (48, 64, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert (frame.width, frame.height) == (64, 48)
    assert frame.format == name.partition("-")[0]
    assert frame.size_bytes == len(data)
    assert frame.sha256 == hashlib.sha256(data).hexdigest()
    assert frame.reduction == 1


@pytest.mark.parametrize(
    "name",
    [
        *("png", "png-16", "png-alpha", "png-interlaced", "webp-lossless", "webp-alpha", "bmp"),
        *("tiff", "tiff-16", "tiff-deflate", "tiff-lzw", "tiff-tiled"),
    ],
)
def test_lossless_colours_are_right(name: str) -> None:
    tolerance = 1 if name.endswith("16") else 0  # the 16-bit pictures have low bytes
    assert largest_difference(rgb(decode(pictures.VALID[name](), LIMITS)), pictures.scene()) <= (
        tolerance
    )


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "jpeg-mpo", "webp", "tiff-jpeg"])
def test_lossy_colours_are_close(name: str) -> None:
    assert mean_difference(rgb(decode(pictures.VALID[name](), LIMITS)), pictures.scene()) < 3


@pytest.mark.parametrize("name", ["jpeg-cmyk", "jpeg-grey", "bmp-grey", "png-palette", "tiff-cmyk"])
def test_colours_agree_with_pillow(name: str) -> None:
    data = pictures.VALID[name]()
    assert largest_difference(rgb(decode(data, LIMITS)), by_pillow(data)) <= 2


def test_inverted_cmyk_of_adobe() -> None:
    # Pillow writes Adobe's marker and inverted values; without the marker they are not inverted.
    data = pictures.jpeg(mode="CMYK")
    adobe = data.index(b"\xff\xee")
    plain = data[:adobe] + data[adobe + 2 + int.from_bytes(data[adobe + 2 : adobe + 4]) :]
    assert mean_difference(rgb(decode(data, LIMITS)), pictures.scene()) < 6
    assert largest_difference(rgb(decode(plain, LIMITS)), by_pillow(plain)) == 0


@pytest.mark.parametrize("palette", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_of_few_bits(depth: int, palette: bool) -> None:
    data, expected = pictures.low_depth_png(depth, palette=palette)
    assert np.array_equal(rgb(decode(data, LIMITS)), expected)


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_scaled_not_cut(format: str, channels: int) -> None:
    data, samples = pictures.sixteen_bit(format, channels=channels)
    expected = np.rint(samples / 257).astype(np.uint8)
    expected = np.dstack([expected] * 3) if channels == 1 else expected[:, :, :3]
    assert np.array_equal(decode(data, LIMITS).pixels, expected)


def test_transparency_lies_on_white() -> None:
    pixels = np.dstack([pictures.scene(), np.full((48, 64), 255, np.uint8)])
    pixels[:, :20, 3] = 0
    pixels[:, 20:40, 3] = 128
    for data in (
        pictures.save(Image.fromarray(pixels), "PNG"),
        pictures.save(Image.fromarray(pixels), "WEBP", lossless=True, exact=True),
        pictures.save(Image.fromarray(pixels), "TIFF"),
    ):
        seen = rgb(decode(data, LIMITS))
        white = Image.new("RGBA", (64, 48), "white")
        expected = np.asarray(Image.alpha_composite(white, Image.fromarray(pixels)).convert("RGB"))
        assert (seen[:, :20] == 255).all()
        assert largest_difference(seen, expected) <= 1
        assert np.array_equal(seen[:, 40:], pictures.scene()[:, 40:])


@pytest.mark.parametrize("depth", [2, 8, 16])
def test_transparent_grey_of_png(depth: int) -> None:
    value = 2
    sample = value.to_bytes(2) if depth == 16 else bytes((value << (8 - depth),))
    row = b"\0" + (sample + b"\xff" * len(sample)) * 4
    clear = pictures.png_chunk(b"tRNS", struct.pack(">H", value))
    width = 8 * (8 // depth) if depth < 8 else 8
    data = pictures.png_of_rows(row * 8, width, 8, depth=depth, colour=0, extra=clear)
    seen = decode(data, LIMITS).pixels
    assert (seen[:, 0] == 255).all()
    if depth == 2:  # the pixels behind the first in its byte are 0, not the transparent value
        assert (seen[:, 1] == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_as_pillow_does_it(format: str, orientation: int) -> None:
    image = Image.fromarray(pictures.scene())
    options = {"quality": 100} if format == "JPEG" else {}
    options |= {"lossless": True} if format == "WEBP" else {}
    if format == "TIFF":
        data = pictures.save(image, format, tiffinfo={274: orientation})
    else:
        data = pictures.save(image, format, exif=pictures.exif_block(orientation), **options)
    frame = decode(data, LIMITS)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert frame.pixels.shape == expected.shape
    assert (frame.width, frame.height) == (expected.shape[1], expected.shape[0])
    assert mean_difference(rgb(frame), expected) < 1
    assert inspect(data, LIMITS).orientation == orientation


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(
    ("width", "target", "reduction"),
    [
        (1279, 640, 1),
        (1280, 640, 2),
        (2559, 640, 2),
        (2560, 640, 4),
        (5121, 640, 8),
        (12_000, 640, 8),
        (1280, None, 1),
    ],
)
def test_large_photos_are_decoded_small(
    width: int, target: int | None, reduction: int, orientation: int
) -> None:
    pixels = pictures.photo(width, 301)
    data = pictures.jpeg(pixels, exif=pictures.exif_block(orientation))
    frame = decode(data, LIMITS, target=target)
    assert frame.reduction == reduction
    expected = (-(-301 // reduction), -(-width // reduction))
    size = (frame.width, frame.height)
    if orientation == 6:
        expected, size = expected[::-1], size[::-1]
    assert frame.pixels.shape[:2] == expected
    assert size == (width, 301)


@pytest.mark.parametrize("format", ["png", "webp", "bmp", "tiff"])
def test_only_jpeg_is_reduced(format: str) -> None:
    assert decode(pictures.VALID[format](), LIMITS, target=8).reduction == 1


def test_reduced_pixels_show_the_same_picture() -> None:
    data = pictures.jpeg(pictures.photo(1600, 1200))
    small = decode(data, LIMITS, target=400)
    whole = decode(data, LIMITS).pixels
    expected = cv2.resize(whole, (400, 300), interpolation=cv2.INTER_AREA)
    assert small.reduction == 4
    assert mean_difference(small.pixels, np.asarray(expected, np.uint8)) < 4


def test_grey_corner_is_not_taken_for_a_cut() -> None:
    data = pictures.jpeg(np.full((40, 40, 3), 128, np.uint8))
    assert decode(data, LIMITS).pixels[-1, -1].tolist() == [128, 128, 128]


@pytest.mark.parametrize("percent", [10, 50, 80, 97])
def test_cut_jpeg_with_an_end_marker_is_truncated(percent: int) -> None:
    data = pictures.jpeg(pictures.photo())
    scan = data.index(b"\xff\xda")
    cut = data[: scan + (len(data) - scan) * percent // 100]
    with pytest.raises(TruncatedImageError):
        decode(cut + b"\xff\xd9", LIMITS)


def test_bytes_behind_the_picture_do_not_matter() -> None:
    data = pictures.jpeg()
    assert np.array_equal(
        decode(data + b"PK\x03\x04" + bytes(500), LIMITS).pixels, decode(data, LIMITS).pixels
    )


def test_stray_bytes_in_the_picture_data_are_tolerated() -> None:
    data = pictures.jpeg(pictures.photo())
    assert decode(data[:-2] + bytes(8) + data[-2:], LIMITS).width == 640


def test_progressive_scans_of_another_encoder() -> None:
    encoded, data = cv2.imencode(
        ".jpg", pictures.photo(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    assert encoded
    assert data.tobytes().count(b"\xff\xda") > 3
    assert decode(data.tobytes(), LIMITS).height == 480


@pytest.mark.parametrize(
    ("make", "frames"),
    [(pictures.animated_png, 3), (pictures.animated_webp, 3), (pictures.multi_page_tiff, 3)],
)
def test_of_several_frames_the_first_is_served(make: object, frames: int) -> None:
    assert callable(make)
    data = make(frames)
    with pytest.raises(TooManyFramesError) as error:
        decode(data, LIMITS)
    assert error.value.details["frames"] == frames
    frame = decode(data, IntakeLimits(max_frames=frames))
    assert largest_difference(rgb(frame), pictures.scene()) == 0


def test_top_down_bmp() -> None:
    data, pixels = pictures.top_down_bmp()
    assert np.array_equal(rgb(decode(data, LIMITS)), pixels)


def test_run_length_bmp() -> None:
    rows = b"".join(bytes((64, row)) + b"\0\0" for row in range(48))
    frame = decode(pictures.palette_bmp(64, 48, rows, compression=1), LIMITS)
    assert frame.pixels[:, 0, 0].tolist() == list(range(47, -1, -1))
    assert (frame.pixels == frame.pixels[:, :1]).all()


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiled_tiff_in_both_byte_orders(order: str) -> None:
    data, pixels = pictures.tiled_tiff(order=order)
    assert np.array_equal(rgb(decode(data, LIMITS)), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "YCbCr", "CMYK"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits"])
def test_tiff_of_every_mode(mode: str, compression: str | None) -> None:
    data = pictures.tiff(mode=mode, compression=compression)
    image = Image.open(io.BytesIO(data))
    expected = np.asarray(image.convert("RGBA" if "A" in mode else "RGB").convert("RGB"))
    assert largest_difference(rgb(decode(data, LIMITS)), expected) <= 1


def test_floating_point_tiff_is_refused_by_name() -> None:
    data = pictures.save(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF")
    with pytest.raises(UnsupportedTypeError, match="floating-point"):
        decode(data, LIMITS)


def test_profiles_and_private_chunks_change_nothing() -> None:
    good = pictures.png()
    bomb = pictures.png_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(10_000_000)))
    assert np.array_equal(
        decode(good[:33] + bomb + good[33:], LIMITS).pixels, decode(good, LIMITS).pixels
    )


def test_one_pixel() -> None:
    for make in (pictures.jpeg, pictures.png, pictures.webp, pictures.bmp, pictures.tiff):
        assert decode(make(np.zeros((1, 1, 3), np.uint8)), LIMITS).pixels.shape == (1, 1, 3)


def test_damage_in_the_data_is_broken_not_served() -> None:
    data = pictures.png()
    with pytest.raises(BrokenImageError):
        decode(data[:60] + bytes(8) + data[68:], LIMITS)


def test_more_pixels_than_pillow_allows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for name in ("jpeg-cmyk", "bmp", "tiff", "tiff-lzw"):
        assert decode(pictures.VALID[name](), LIMITS).width == 64


def test_many_threads_at_once() -> None:
    data = {name: make() for name, make in pictures.VALID.items()}
    expected = {name: decode(each, LIMITS).pixels for name, each in data.items()}
    broken = pictures.jpeg()[:-200]

    def work(index: int) -> bool:
        name = list(data)[index % len(data)]
        try:
            decode(broken, LIMITS)
        except SightglassError:
            return np.array_equal(decode(data[name], LIMITS).pixels, expected[name])
        return False

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
