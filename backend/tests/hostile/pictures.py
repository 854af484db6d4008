"""Valid pictures in every format, mode and orientation, as bytes.

Small and seeded: the same call gives the same bytes, and nothing is read from disk.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]

EXIF_ORIENTATION = 0x0112


def scene(width: int = 64, height: int = 48) -> Rgb:
    """A smooth RGB picture whose four corners differ, so that no turn of it looks the same."""
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    channels = (220 * x + 0 * y + 20, 200 * y + 0 * x + 30, 120 * (1 - x) * (1 - y) + 60)
    return np.stack([channel.astype(np.uint8) for channel in channels], axis=-1)


def photo(width: int = 640, height: int = 480, seed: int = 7) -> Rgb:
    """A picture with texture, which compresses as a photo does."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3))
    smooth = cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.uint8)


def save(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif_block(orientation: int) -> bytes:
    """An EXIF block that holds the orientation alone."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return exif.tobytes()


def jpeg(pixels: Rgb | None = None, *, mode: str = "RGB", **options: Any) -> bytes:
    image = Image.fromarray(scene() if pixels is None else pixels).convert(mode)
    return save(image, "JPEG", **{"quality": 95, **options})


def png(pixels: Rgb | None = None, *, mode: str = "RGB", **options: Any) -> bytes:
    return save(
        Image.fromarray(scene() if pixels is None else pixels).convert(mode), "PNG", **options
    )


def webp(pixels: Rgb | None = None, *, mode: str = "RGB", **options: Any) -> bytes:
    image = Image.fromarray(scene() if pixels is None else pixels).convert(mode)
    return save(image, "WEBP", **{"quality": 95, **options})


def bmp(pixels: Rgb | None = None, *, mode: str = "RGB") -> bytes:
    return save(Image.fromarray(scene() if pixels is None else pixels).convert(mode), "BMP")


def tiff(pixels: Rgb | None = None, *, mode: str = "RGB", **options: Any) -> bytes:
    return save(
        Image.fromarray(scene() if pixels is None else pixels).convert(mode), "TIFF", **options
    )


def sixteen_bit(format: str, *, channels: int = 3) -> tuple[bytes, NDArray[np.uint16]]:
    """A 16-bit PNG or TIFF, and its samples as BGR (or grey, or BGRA)."""
    high = scene().astype(np.uint16)[:, :, ::-1] * 257
    samples = high + np.arange(64, dtype=np.uint16)[None, :, None]  # low bytes that matter
    samples = np.minimum(samples, 65_535).astype(np.uint16)
    if channels == 1:
        samples = samples[:, :, 0]
    elif channels == 4:
        samples = np.dstack([samples, np.full(samples.shape[:2], 65_535, np.uint16)])
    samples = np.ascontiguousarray(samples)
    done, encoded = cv2.imencode(f".{format}", samples)
    assert done
    return encoded.tobytes(), samples


# --- PNG by hand, for what no encoder here writes ---------------------------------------------


def png_chunk(kind: bytes, body: bytes, *, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png_file(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_header(
    width: int, height: int, *, depth: int = 8, colour: int = 2, interlace: int = 0
) -> bytes:
    return png_chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    )


PNG_END = png_chunk(b"IEND", b"")


def png_of_rows(
    rows: bytes,
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 2,
    interlace: int = 0,
    extra: bytes = b"",
) -> bytes:
    """A PNG of ready filtered rows, with more chunks before its data."""
    header = png_header(width, height, depth=depth, colour=colour, interlace=interlace)
    return png_file(header, extra, png_chunk(b"IDAT", zlib.compress(rows, 9)), PNG_END)


def low_depth_png(depth: int, *, palette: bool = False) -> tuple[bytes, Rgb]:
    """A PNG of 1, 2, 4 or 8 bits, grey or with a palette, and its RGB pixels."""
    levels = 1 << depth
    values = np.arange(48 * 64).reshape(48, 64) % levels
    packed = _pack_bits(values, depth)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    if not palette:
        grey = (values * 255 // (levels - 1)).astype(np.uint8)
        return png_of_rows(rows, 64, 48, depth=depth, colour=0), np.dstack([grey] * 3)
    colours = np.random.default_rng(depth).integers(0, 256, (levels, 3)).astype(np.uint8)
    extra = png_chunk(b"PLTE", colours.tobytes())
    return png_of_rows(rows, 64, 48, depth=depth, colour=3, extra=extra), colours[values]


def _pack_bits(values: NDArray[Any], depth: int) -> NDArray[np.uint8]:
    bits = np.unpackbits(values.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - depth :]
    return np.packbits(bits.reshape(len(values), -1), axis=1)


def interlaced_png() -> tuple[bytes, Rgb]:
    """An Adam7 PNG and its RGB pixels."""
    pixels = scene()
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    passes += [(0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, across in passes
        for row in pixels[top::down, left::across]
    )
    return png_of_rows(rows, 64, 48, interlace=1), pixels


def animated_png(frames: int = 3) -> bytes:
    images = [Image.fromarray(scene() // (index + 1)) for index in range(frames)]
    return save(images[0], "PNG", save_all=True, append_images=images[1:])


def animated_webp(frames: int = 3) -> bytes:
    images = [Image.fromarray(scene() // (index + 1)) for index in range(frames)]
    return save(images[0], "WEBP", save_all=True, append_images=images[1:], lossless=True)


def multi_page_tiff(pages: int = 3) -> bytes:
    images = [Image.fromarray(scene() // (index + 1)) for index in range(pages)]
    return save(images[0], "TIFF", save_all=True, append_images=images[1:])


def mpo() -> bytes:
    """Two JPEGs in one file, as phones write them."""
    images = [Image.fromarray(scene()), Image.fromarray(scene() // 2)]
    return save(images[0], "MPO", save_all=True, append_images=images[1:])


# --- TIFF by hand ------------------------------------------------------------------------------


def tiff_file(tags: dict[int, tuple[int, list[int]]], data: bytes, *, order: str = "<") -> bytes:
    """A TIFF of the given tags (number: kind, values) whose one strip is `data`, at offset 8."""
    sizes = {1: "B", 3: "H", 4: "I"}
    start = 8 + len(data) + (len(data) & 1)
    entries, spill = b"", b""
    behind = start + 2 + 12 * len(tags) + 4
    for number, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)
        entries += struct.pack(order + "HHI", number, kind, len(values))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", behind + len(spill))
            spill += packed + b"\0" * (len(packed) & 1)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    body = data + b"\0" * (len(data) & 1)
    return magic + struct.pack(order + "I", start) + body + directory + spill


def tiff_directory(tags: dict[int, tuple[int, list[int]]]) -> bytes:
    """A little-endian directory alone, of tags with one value each; longer ones point at 8."""
    entries = b"".join(
        struct.pack("<HHII", number, kind, len(values), values[0] if len(values) == 1 else 8)
        for number, (kind, values) in sorted(tags.items())
    )
    return struct.pack("<H", len(tags)) + entries + bytes(4)


def rgb_tags(width: int, height: int, size: int) -> dict[int, tuple[int, list[int]]]:
    """The tags of a plain RGB picture in one strip of `size` bytes."""
    return {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8, 8, 8]),
        259: (3, [1]),
        262: (3, [2]),
        273: (4, [8]),
        277: (3, [3]),
        278: (4, [height]),
        279: (4, [size]),
    }


def tiled_tiff(*, order: str = "<") -> tuple[bytes, Rgb]:
    """A 64 x 48 RGB TIFF in six tiles, and its pixels."""
    pixels = scene()
    tiles = [
        pixels[top : top + 16, left : left + 32].tobytes()
        for top in range(0, 48, 16)
        for left in range(0, 64, 32)
    ]
    tags = rgb_tags(64, 48, 0)
    for strip_tag in (273, 278, 279):
        del tags[strip_tag]
    size = len(tiles[0])
    tags |= {322: (3, [32]), 323: (3, [16])}
    tags |= {324: (4, [8 + size * i for i in range(6)]), 325: (4, [size] * 6)}
    return tiff_file(tags, b"".join(tiles), order=order), pixels


# --- BMP by hand -------------------------------------------------------------------------------


def bmp_file(width: int, height: int, depth: int, data: bytes, *, compression: int = 0) -> bytes:
    """A BMP without a palette: `height` below zero means rows from the top."""
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, depth, compression, len(data), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + header + data


def palette_bmp(width: int, height: int, data: bytes, *, compression: int = 0) -> bytes:
    """An 8-bit BMP whose palette is the 256 greys."""
    palette = b"".join(bytes((level, level, level, 0)) for level in range(256))
    start = 54 + len(palette)
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(data), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + palette + data


def top_down_bmp() -> tuple[bytes, Rgb]:
    pixels = scene()
    return bmp_file(64, -48, 24, pixels[:, :, ::-1].tobytes()), pixels


VALID: dict[str, Callable[[], bytes]] = {
    "jpeg": jpeg,
    "jpeg-progressive": lambda: jpeg(progressive=True),
    "jpeg-grey": lambda: jpeg(mode="L"),
    "jpeg-cmyk": lambda: jpeg(mode="CMYK"),
    "jpeg-mpo": mpo,
    "png": png,
    "png-alpha": lambda: png(mode="RGBA"),
    "png-palette": lambda: png(mode="P"),
    "png-16": lambda: sixteen_bit("png")[0],
    "png-interlaced": lambda: interlaced_png()[0],
    "webp": webp,
    "webp-lossless": lambda: webp(lossless=True),
    "webp-alpha": lambda: webp(mode="RGBA", lossless=True, exact=True),
    "bmp": bmp,
    "bmp-grey": lambda: bmp(mode="L"),
    "tiff": tiff,
    "tiff-lzw": lambda: tiff(compression="tiff_lzw"),
    "tiff-deflate": lambda: tiff(compression="tiff_adobe_deflate"),
    "tiff-jpeg": lambda: tiff(compression="jpeg"),
    "tiff-cmyk": lambda: tiff(mode="CMYK"),
    "tiff-16": lambda: sixteen_bit("tiff")[0],
    "tiff-tiled": lambda: tiled_tiff()[0],
}
"""A name for each kind of picture that is served, to a maker of it."""
