"""Hostile and damaged image files: truncated, lying, exploding, or of another type altogether."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from tests.hostile import pictures
from tests.hostile.pictures import PNG_END, png_chunk, png_file, png_header

File = tuple[str, bytes, bool]
"""A name, the bytes, and whether they may still be served as a picture."""

JPEG_END = b"\xff\xd9"


def all_files() -> Iterator[File]:
    """Every hostile file, in a fixed order."""
    yield from jpeg_files()
    yield from png_files()
    yield from webp_files()
    yield from bmp_files()
    yield from tiff_files()
    yield from polyglots()
    yield from other_types()
    yield from mutations()


# --- JPEG --------------------------------------------------------------------------------------


def jpeg_markers(data: bytes) -> list[tuple[int, int]]:
    """(marker, offset) of each segment up to the first scan."""
    found, position = [], 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        found.append((marker, position))
        if marker == 0xDA:
            break
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return found


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def _patched(data: bytes, offset: int, replacement: bytes) -> bytes:
    return data[:offset] + replacement + data[offset + len(replacement) :]


def jpeg_frame(data: bytes) -> int:
    """Where the frame header (SOF0 or SOF2) begins."""
    return next(offset for marker, offset in jpeg_markers(data) if marker in (0xC0, 0xC2))


def scan_bomb(scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan."""
    data = pictures.jpeg(progressive=True)
    last = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + last * scans + JPEG_END


def jpeg_files() -> Iterator[File]:
    good = pictures.jpeg(pictures.photo(160, 120), exif=pictures.exif_block(6))
    for marker, offset in jpeg_markers(good):
        yield f"jpeg-cut-before-{marker:02x}-at-{offset}", good[:offset], False
        yield f"jpeg-cut-inside-{marker:02x}-at-{offset}", good[: offset + 3], False
    for percent in (25, 50, 75, 90, 99):
        yield f"jpeg-cut-at-{percent}-percent", good[: len(good) * percent // 100], False
    yield "jpeg-without-end", good[:-2], False
    yield "jpeg-half-an-end", good[:-1], False
    for percent in (60, 90):
        cut = good[: len(good) * percent // 100]
        yield f"jpeg-cut-at-{percent}-percent-with-an-end", cut + JPEG_END, False
    progressive = pictures.jpeg(pictures.photo(160, 120), progressive=True)
    for percent in (30, 60, 95):
        cut = progressive[: len(progressive) * percent // 100]
        yield f"jpeg-progressive-cut-at-{percent}-percent", cut, False
    yield from _jpeg_lies(good)
    yield "jpeg-500-scans", scan_bomb(500), False
    yield "jpeg-20000-scans", scan_bomb(20_000), False
    comments = jpeg_segment(0xFE, b"x") * 100_000
    yield "jpeg-100000-comments", good[:2] + comments + good[2:], False
    yield "jpeg-only-markers", b"\xff\xd8" + b"\xff\xd0" * 50_000, False
    yield "jpeg-only-fill", b"\xff\xd8" + b"\xff" * 200_000, False
    yield "jpeg-all-zero-tail", good[: len(good) // 2] + bytes(len(good)) + JPEG_END, True


def _jpeg_lies(good: bytes) -> Iterator[File]:
    frame = jpeg_frame(good)
    scan = good.index(b"\xff\xda", frame)
    huge = struct.pack(">HH", 65_535, 65_535)
    yield "jpeg-65535-x-65535", _patched(good, frame + 5, huge), False
    yield "jpeg-no-height", _patched(good, frame + 5, b"\0\0"), False
    yield "jpeg-no-width", _patched(good, frame + 7, b"\0\0"), False
    yield "jpeg-taller-than-its-data", _patched(good, frame + 5, b"\x03\xe8"), False
    yield "jpeg-12-bit", _patched(good, frame + 4, b"\x0c"), False
    yield "jpeg-no-channels", _patched(good, frame + 9, b"\0"), False
    yield "jpeg-2-channels", _patched(good, frame + 9, b"\2"), False
    yield "jpeg-255-channels", _patched(good, frame + 9, b"\xff"), False
    yield "jpeg-sampling-0", _patched(good, frame + 11, b"\0"), False
    yield "jpeg-sampling-15-x-15", _patched(good, frame + 11, b"\xff"), False
    yield "jpeg-quantisation-table-9", _patched(good, frame + 12, b"\x09"), False
    for kind in (0xC3, 0xC5, 0xC9, 0xCA, 0xCF):
        yield f"jpeg-frame-{kind:02x}", _patched(good, frame + 1, bytes((kind,))), False
    yield "jpeg-two-frames", good[:frame] + good[frame : frame + 19] * 2 + good[frame + 19 :], False
    yield "jpeg-no-frame", good[:frame] + good[frame + 19 :], False
    yield "jpeg-no-scan", good[:scan] + JPEG_END, False
    yield "jpeg-scan-of-9", _patched(good, scan + 4, b"\x09"), False
    yield "jpeg-segment-length-0", good[:2] + b"\xff\xe5\0\0" + good[2:], False
    yield "jpeg-segment-length-1", good[:2] + b"\xff\xe5\0\1" + good[2:], False
    for marker, name in ((0xDB, "quantisation"), (0xC4, "huffman")):
        # Without Huffman tables decoders take the standard ones, as Motion JPEG wants it.
        yield f"jpeg-without-{name}", _without(good, marker), name == "huffman"
        offset = good.index(bytes((0xFF, marker)))
        yield f"jpeg-bad-{name}", _patched(good, offset + 4, b"\xff" * 20), False
    for name, block in _bad_exif():
        yield f"jpeg-exif-{name}", good[:2] + jpeg_segment(0xE1, block) + good[2:], True


def _without(data: bytes, marker: int) -> bytes:
    kept, position = data[:2], 2
    for found, offset in jpeg_markers(data):
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4])
        if found != marker:
            kept += data[offset:end]
        position = end
    return kept + data[position:]


def _bad_exif() -> Iterator[tuple[str, bytes]]:
    start = b"Exif\0\0II*\0"
    entry = struct.pack("<HHII", 0x0112, 3, 1, 99)
    yield "empty", b"Exif\0\0"
    yield "garbage", b"Exif\0\0" + bytes(range(256))
    yield "far-directory", start + b"\xff\xff\xff\xff" + bytes(20)
    yield "65535-entries", start + struct.pack("<IH", 8, 65_535) + entry * 5000
    yield "orientation-99", start + struct.pack("<IH", 8, 1) + entry + bytes(4)
    yield "huge-value", start + struct.pack("<IHHHII", 8, 1, 0x8769, 7, 0xFFFFFFFF, 8) + bytes(4)
    yield "circle", start + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)


# --- PNG ---------------------------------------------------------------------------------------


def png_chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """(kind, start, end) of each chunk."""
    found, position = [], 8
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4])
        found.append((data[position + 4 : position + 8], position, end))
        position = end
    return found


def png_files() -> Iterator[File]:
    for mode in ("RGB", "P"):
        good = pictures.png(mode=mode)
        for kind, start, end in png_chunks(good):
            name = f"{mode.lower()}-{kind.decode().lower()}"
            yield f"png-{name}-cut-before", good[:start], False
            yield f"png-{name}-cut-inside", good[: end - 5], False
            wrong = bytes(byte ^ 0xFF for byte in good[end - 4 : end])
            yield f"png-{name}-wrong-checksum", _patched(good, end - 4, wrong), False
    yield from _png_bombs()
    yield from _png_lies()


def _png_bombs() -> Iterator[File]:
    zeros = zlib.compress(bytes(50_000_000), 9)
    data = png_chunk(b"IDAT", zeros)
    for side in (60_000, 2**31 - 1):
        yield f"png-bomb-{side}", png_file(png_header(side, side), data, PNG_END), False
    row = png_header(2**31 - 1, 1, depth=1, colour=0)
    yield "png-bomb-one-row", png_file(row, data, PNG_END), False
    yield "png-bomb-16-bit", png_file(png_header(30_000, 30_000, depth=16), data, PNG_END), False
    lie = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    yield "png-7000-x-7000-of-nothing", png_file(png_header(7000, 7000), lie, PNG_END), False
    good = pictures.png()
    bombs = {
        "iccp": png_chunk(b"iCCP", b"profile\0\0" + zeros),
        "ztxt": png_chunk(b"zTXt", b"Comment\0\0" + zeros),
        "itxt": png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zeros),
        "100-ztxt": png_chunk(b"zTXt", b"Comment\0\0" + zeros) * 100,
        "exif": png_chunk(b"eXIf", b"II*\0" + b"\xff" * 60_000),
    }
    for name, bomb in bombs.items():
        yield f"png-bomb-in-{name}", good[:33] + bomb + good[33:], True
    yield "png-100000-chunks", good[:33] + png_chunk(b"tEXt", b"a\0b") * 100_000 + good[33:], False
    yield "png-animated", pictures.animated_png(), False
    frames = png_chunk(b"acTL", struct.pack(">II", 2**31, 0))
    yield "png-two-billion-frames", good[:33] + frames + good[33:], False


def _png_lies() -> Iterator[File]:
    rows = b"\0" + bytes(64 * 3)
    data = png_chunk(b"IDAT", zlib.compress(rows * 48))
    yield "png-no-width", png_file(png_header(0, 48), data, PNG_END), False
    yield "png-no-height", png_file(png_header(64, 0), data, PNG_END), False
    for depth, colour in ((3, 2), (16, 3), (1, 2), (8, 1), (8, 255)):
        header = png_header(64, 48, depth=depth, colour=colour)
        yield f"png-depth-{depth}-colour-{colour}", png_file(header, data, PNG_END), False
    header = png_header(64, 48)
    yield "png-interlace-9", png_file(png_header(64, 48, interlace=9), data, PNG_END), False
    yield "png-no-header", png_file(data, PNG_END), False
    yield "png-short-header", png_file(png_chunk(b"IHDR", bytes(5)), data, PNG_END), False
    yield "png-two-headers", png_file(header, header, data, PNG_END), False
    yield "png-no-data", png_file(header, PNG_END), False
    yield "png-empty-data", png_file(header, png_chunk(b"IDAT", b""), PNG_END), False
    yield "png-signature-alone", png_file(), False
    short = png_chunk(b"IDAT", zlib.compress(rows * 20))
    yield "png-half-the-rows", png_file(header, short, PNG_END), False
    noise = png_chunk(b"IDAT", bytes(range(256)) * 8)
    yield "png-data-not-zlib", png_file(header, noise, PNG_END), False
    filters = png_chunk(b"IDAT", zlib.compress((b"\x09" + bytes(64 * 3)) * 48))
    yield "png-unknown-filter", png_file(header, filters, PNG_END), False
    palette = png_header(64, 48, colour=3)
    indices = png_chunk(b"IDAT", zlib.compress((b"\0" + b"\xc8" * 64) * 48))
    yield "png-no-palette", png_file(palette, indices, PNG_END), True
    small = png_chunk(b"PLTE", b"abc")
    yield "png-index-outside-palette", png_file(palette, small, indices, PNG_END), True
    odd = png_chunk(b"PLTE", b"abcd")
    yield "png-palette-of-4-bytes", png_file(palette, odd, indices, PNG_END), True
    long = png_chunk(b"tRNS", bytes(1000))
    yield "png-long-transparency", png_file(palette, small, long, indices, PNG_END), True
    yield "png-chunk-of-4-gigabytes", png_file(header, b"\xff\xff\xff\xffIDAT" + bytes(99)), False
    yield "png-binary-chunk-name", png_file(header, png_chunk(b"\0\1\2\3", b""), PNG_END), False


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
        corrupt = _patched(good, len(good) // 2, bytes(len(good) // 2))
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
        yield f"bmp-header-of-{size}", _patched(good, 14, struct.pack("<I", size)), False
    for offset in (2**31, 2**32 - 1, len(good)):
        yield f"bmp-pixels-at-{offset}", _patched(good, 10, struct.pack("<I", offset)), False
    yield "bmp-pixels-at-0", _patched(good, 10, bytes(4)), True
    yield "bmp-2-billion-colours", _patched(good, 46, struct.pack("<I", 2**31)), True
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
    yield "tiff-directory-outside", _patched(good, 4, b"\xff\xff\xff\xff"), False
    yield "tiff-directory-at-0", _patched(good, 4, bytes(4)), False
    yield "tiff-no-tags", _patched(good, directory, b"\0\0"), False
    yield "tiff-65535-tags", _patched(good, directory, b"\xff\xff"), False
    yield "tiff-pages-in-a-circle", _patched(good, behind, good[4:8]), False
    yield "tiff-three-pages", pictures.multi_page_tiff(), False
    count = _patched(good, directory + 2 + 12 * 2 + 4, b"\xff\xff\xff\xff")
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


# --- several types in one, other types, noise ----------------------------------------------------


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("run.sh"), "#!/bin/sh\necho hello\n")
    return buffer.getvalue()


def polyglots() -> Iterator[File]:
    script = b"<script>alert(1)</script>"
    yield "polyglot-jpeg-zip", pictures.jpeg() + _zip(), True
    yield "polyglot-png-zip", pictures.png() + _zip(), True
    yield "polyglot-webp-zip", pictures.webp() + _zip(), True
    yield "polyglot-bmp-zip", pictures.bmp() + _zip(), True
    yield "polyglot-jpeg-html", pictures.jpeg(comment=b"<html>" + script), True
    yield "polyglot-gif-script", b"GIF89a/*" + bytes(30) + b"*/=1;alert(1);", False
    yield "polyglot-html-with-jpeg-start", b"\xff\xd8\xff<html>" + script + b"</html>", False
    yield "polyglot-html-with-png-start", b"\x89PNG\r\n\x1a\n<html>" + script, False
    yield "polyglot-zip-with-jpeg-inside", _zip() + pictures.jpeg(), False
    yield "polyglot-pdf-with-jpeg-inside", b"%PDF-1.4\n" + pictures.jpeg(), False
    yield "polyglot-php-in-jpeg-comment", pictures.jpeg(comment=b"<?php system('id'); ?>"), True


def other_types() -> Iterator[File]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    )
    kinds = {
        "empty": b"",
        "one-byte": b"\xff",
        "one-zero": b"\0",
        "text": b"This is not a picture.\n",
        "json": b'{"image": "no"}',
        "html": b"<!doctype html><html><body>hello</body></html>",
        "shell": b"#!/bin/sh\nrm -rf /\n",
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        "zip": _zip(),
        "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
        "exe": b"MZ\x90\0" + bytes(60),
        "svg": svg,
        "svg-laughs": laughs,
        "gif": b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0"
        b"\x01\0\x01\0\0\x02\x02D\x01\0;",
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(40),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(40),
        "avif": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + bytes(40),
        "webm": b"\x1aE\xdf\xa3" + bytes(40),
        "avi": b"RIFF\x40\0\0\0AVI " + bytes(60),
        "wav": b"RIFF\x40\0\0\0WAVE" + bytes(60),
        "riff": b"RIFF\x40\0\0\0ABCD" + bytes(60),
        "jpeg-2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
        "jpeg-xl": b"\xff\x0a" + bytes(40),
        "ico": b"\0\0\x01\0\x01\0" + bytes(40),
        "psd": b"8BPS\0\x01" + bytes(40),
        "gzip": b"\x1f\x8b\x08\0" + bytes(40),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "netpbm": b"P6 1 1 255\nabc",
        "zeros": bytes(100_000),
        "ones": b"\xff" * 100_000,
        "noise": np.random.default_rng(1).bytes(100_000),
        "jpeg-start-alone": b"\xff\xd8\xff",
        "jpeg-start-and-end": b"\xff\xd8\xff\xd9",
        "webp-start-alone": b"RIFF\0\0\0\0WEBP",
        "tiff-start-alone": b"II*\0",
    }
    for name, data in kinds.items():
        yield f"type-{name}", data, False


def mutated(data: bytes, seed: int) -> bytes:
    """The bytes with a few of them overwritten, removed, repeated or inserted."""
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        at = int(rng.integers(0, len(changed)))
        length = int(rng.integers(1, 9))
        match int(rng.integers(0, 4)):
            case 0:
                changed[at : at + length] = rng.bytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length * 8]
            case _:
                changed[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def mutations(seeds: range = range(4)) -> Iterator[File]:
    for name, make in pictures.VALID.items():
        good = make()
        for seed in seeds:
            yield f"mutated-{name}-{seed}", mutated(good, seed), True
