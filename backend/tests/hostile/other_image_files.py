"""Hostile WebP, BMP and TIFF files: lies about sizes, directories in circles, bombs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from tests.hostile import pictures
from tests.hostile.damage import File, patched

# --- WebP --------------------------------------------------------------------------------------


def webp_file(*chunks: tuple[bytes, bytes], size: int | None = None) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) & 1)
        for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body) if size is None else size) + b"WEBP" + body


def _canvas(flags: int, width: int, height: int) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes((flags, 0, 0, 0)) + sides


def webp_files() -> Iterator[File]:
    lossy, lossless = pictures.webp(), pictures.webp(lossless=True)
    for name, good in (("lossy", lossy), ("lossless", lossless)):
        for cut in (8, 12, 16, 19, 24, len(good) // 2, len(good) - 1):
            yield f"webp-{name}-cut-at-{cut}", good[:cut], False
        corrupt = patched(good, len(good) // 2, bytes(len(good) // 2))
        yield f"webp-{name}-half-zero", corrupt, True
    frame = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383) + bytes(40)
    yield "webp-bomb-lossy-16383", webp_file((b"VP8 ", frame)), False
    bits = struct.pack("<I", 16_382 | 16_382 << 14)
    yield "webp-bomb-lossless-16383", webp_file((b"VP8L", b"\x2f" + bits + bytes(40))), False
    vp8 = lossy[20:]
    yield "webp-bomb-canvas", webp_file(_canvas(0, 2**24, 2**24), (b"VP8 ", vp8)), False
    yield "webp-two-sizes", webp_file(_canvas(0, 65, 48), (b"VP8 ", vp8)), False
    yield "webp-canvas-alone", webp_file(_canvas(0, 64, 48)), False
    yield "webp-short-canvas", webp_file((b"VP8X", b"\0\0\0")), False
    yield "webp-animation-without-frames", webp_file(_canvas(2, 64, 48)), False
    frames = [(b"ANMF", bytes(24))] * 500
    yield "webp-500-empty-frames", webp_file(_canvas(2, 64, 48), *frames), False
    yield "webp-one-empty-frame", webp_file(_canvas(2, 64, 48), frames[0]), False
    yield "webp-animated", pictures.animated_webp(), False
    yield "webp-100000-chunks", webp_file(_canvas(0, 64, 48), *[(b"XXXX", b"")] * 100_000), False
    yield "webp-size-of-4-gigabytes", webp_file((b"VP8 ", vp8), size=2**32 - 1), False
    yield "webp-size-0", webp_file((b"VP8 ", vp8), size=0), False
    yield "webp-unknown-chunk", webp_file((b"ABCD", vp8)), False
    yield "webp-not-a-key-frame", webp_file((b"VP8 ", b"\x11" + vp8[1:])), False
    yield "webp-no-signature", webp_file((b"VP8L", b"\0" + lossless[21:])), False
    yield (
        "webp-exif-garbage",
        webp_file(_canvas(8, 64, 48), (b"VP8 ", vp8), (b"EXIF", b"II*\0\xff\xff\xff\xff" * 9)),
        True,
    )


# --- BMP ---------------------------------------------------------------------------------------


def bmp_files() -> Iterator[File]:
    good = pictures.bmp()
    for cut in (2, 10, 17, 20, 30, 53, len(good) // 2, len(good) - 3):
        yield f"bmp-cut-at-{cut}", good[:cut], False
    make = pictures.bmp_file
    yield "bmp-most-negative-height", make(64, -(2**31), 24, bytes(100)), False
    yield "bmp-2-billion-wide", make(2**31 - 1, 1, 24, bytes(100)), False
    yield "bmp-2-billion-squared", make(2**31 - 1, 2**31 - 1, 1, bytes(100)), False
    yield "bmp-negative-width", make(-64, 48, 24, bytes(10_000)), False
    yield "bmp-no-width", make(0, 48, 24, bytes(100)), False
    yield "bmp-no-height", make(64, 0, 24, bytes(100)), False
    for depth in (0, 2, 7, 64, 65_535):
        yield f"bmp-depth-{depth}", make(64, 48, depth, bytes(40_000)), False
    for compression in (1, 4, 5, 7, 11, 2**32 - 1):
        body = make(64, 48, 24, bytes(10_000), compression=compression)
        yield f"bmp-compression-{compression}", body, False
    yield "bmp-runs-that-stop", make(64, 48, 8, b"\x04\x01\0\0", compression=1), False
    yield "bmp-runs-too-long", make(64, 48, 8, b"\xff\x01" * 5000, compression=1), True
    yield "bmp-runs-outside", make(64, 48, 8, b"\0\2\xff\xff" * 500, compression=1), True
    jump = make(7000, 7000, 8, b"\0\2\0\xff" * 2 + b"\x04\x01\0\1", compression=1)
    yield "bmp-runs-that-jump", jump, True
    yield "bmp-a-million-runs", make(7000, 7000, 8, b"\1\5" * 1_000_000, compression=1), False
    yield "bmp-runs-6000-x-6000", make(6000, 6000, 8, b"\x04\x01\0\1", compression=1), False
    for size in (0, 13, 39, 41, 2**31):
        yield f"bmp-header-of-{size}", patched(good, 14, struct.pack("<I", size)), False
    for offset in (2**31, 2**32 - 1, len(good)):
        yield f"bmp-pixels-at-{offset}", patched(good, 10, struct.pack("<I", offset)), False
    yield "bmp-pixels-at-0", patched(good, 10, bytes(4)), True
    yield "bmp-2-billion-colours", patched(good, 46, struct.pack("<I", 2**31)), True
    yield "bmp-text", b"BMW makes cars, and this is not a picture of one.", False


# --- TIFF --------------------------------------------------------------------------------------


def tiff_files() -> Iterator[File]:
    for name, good in (
        ("plain", pictures.tiff()),
        ("lzw", pictures.tiff(compression="tiff_lzw")),
        ("deflate", pictures.tiff(compression="tiff_adobe_deflate")),
    ):
        for cut in (4, 7, 9, len(good) // 2, len(good) - 1):
            yield f"tiff-{name}-cut-at-{cut}", good[:cut], False
    pixels = pictures.scene().tobytes()
    tags = pictures.rgb_tags(64, 48, len(pixels))
    make = pictures.tiff_file
    changes: dict[str, dict[int, tuple[int, list[int]]]] = {
        "no-width": {256: (4, [0])},
        "bomb-4-billion-wide": {256: (4, [2**32 - 1])},
        "bomb-100000-x-100000": {256: (4, [100_000]), 257: (4, [100_000])},
        "7000-x-7000-of-nothing": {256: (4, [7000]), 257: (4, [7000]), 278: (4, [7000])},
        "strip-of-4-gigabytes": {279: (4, [2**32 - 1])},
        "strip-outside": {273: (4, [2**31])},
        "no-strips": {279: (4, [])},
        "rows-per-strip-0": {278: (4, [0])},
        "65535-samples": {277: (3, [65_535])},
        "64-bit": {258: (3, [64, 64, 64])},
        "mixed-depth": {258: (3, [8, 16, 8])},
        "float": {258: (3, [32, 32, 32]), 339: (3, [3, 3, 3])},
        "signed": {339: (3, [2, 2, 2])},
        "old-jpeg": {259: (3, [6])},
        "unknown-compression": {259: (3, [60_000])},
        "zstd-of-nothing": {259: (3, [50_000])},
        "lab": {262: (3, [8])},
        "unknown-colour": {262: (3, [999])},
        "palette-without-map": {258: (3, [8]), 262: (3, [3]), 277: (3, [1])},
        "tiles-of-4-billion": {
            322: (4, [2**32 - 16]),
            323: (4, [2**32 - 16]),
            324: (4, [8]),
            325: (4, [9216]),
        },
        "tiles-of-1": {322: (4, [1]), 323: (4, [1]), 324: (4, [8]), 325: (4, [9216])},
    }
    for name, change in changes.items():
        yield f"tiff-{name}", make(tags | change, pixels), False
    for compression in (5, 7, 8, 3, 4, 32_773):
        body = make(tags | {259: (3, [compression])}, b"\xaa\x55" * 4608)
        yield f"tiff-noise-as-{compression}", body, True
    half = zlib.compress(pixels[: len(pixels) // 2])
    short = make(tags | {259: (3, [8]), 279: (4, [len(half)])}, half)
    yield "tiff-deflate-half-the-rows", short, False
    yield "tiff-rows-per-strip-4-billion", make(tags | {278: (4, [2**32 - 1])}, pixels), True
    yield from _tiff_directories(tags, pixels)


def _tiff_directories(tags: dict[int, tuple[int, list[int]]], pixels: bytes) -> Iterator[File]:
    good = pictures.tiff_file(tags, pixels)
    directory = int.from_bytes(good[4:8], "little")
    behind = directory + 2 + 12 * len(tags)
    yield "tiff-directory-outside", patched(good, 4, b"\xff\xff\xff\xff"), False
    yield "tiff-directory-at-0", patched(good, 4, bytes(4)), False
    yield "tiff-no-tags", patched(good, directory, b"\0\0"), False
    yield "tiff-65535-tags", patched(good, directory, b"\xff\xff"), False
    yield "tiff-pages-in-a-circle", patched(good, behind, good[4:8]), False
    yield "tiff-three-pages", pictures.multi_page_tiff(), False
    count = patched(good, directory + 2 + 12 * 2 + 4, b"\xff\xff\xff\xff")
    yield "tiff-tag-of-4-billion-values", count, False
    private = struct.pack("<HHII", 40_000, 7, len(good), 8)
    many = b"".join(private for _ in range(60_000))
    crowd = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 60_000) + many + bytes(4)
    yield "tiff-60000-large-tags", crowd, False
    yield "tiff-big", b"II+\0\x08\0\0\0" + bytes(64), False
    chain = b"".join(
        struct.pack("<HHHIII", 1, 256, 4, 1, 64, 8 + 18 * (index + 1)) for index in range(20_000)
    )
    yield "tiff-20000-pages", b"II*\0\x08\0\0\0" + chain, False
