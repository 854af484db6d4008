"""Hostile JPEGs: cut at every marker, lying about size and scans, with bad EXIF."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.hostile import pictures
from tests.hostile.damage import File, patched

JPEG_END = b"\xff\xd9"


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
    yield "jpeg-65535-x-65535", patched(good, frame + 5, huge), False
    many = struct.pack(">HH", 7000, 7000)
    yield "jpeg-7000-x-7000-of-nothing", patched(good, frame + 5, many), False
    yield "jpeg-no-height", patched(good, frame + 5, b"\0\0"), False
    yield "jpeg-no-width", patched(good, frame + 7, b"\0\0"), False
    yield "jpeg-taller-than-its-data", patched(good, frame + 5, b"\x03\xe8"), False
    yield "jpeg-12-bit", patched(good, frame + 4, b"\x0c"), False
    yield "jpeg-no-channels", patched(good, frame + 9, b"\0"), False
    yield "jpeg-2-channels", patched(good, frame + 9, b"\2"), False
    yield "jpeg-255-channels", patched(good, frame + 9, b"\xff"), False
    yield "jpeg-sampling-0", patched(good, frame + 11, b"\0"), False
    yield "jpeg-sampling-15-x-15", patched(good, frame + 11, b"\xff"), False
    yield "jpeg-quantisation-table-9", patched(good, frame + 12, b"\x09"), False
    for kind in (0xC3, 0xC5, 0xC9, 0xCA, 0xCF):
        yield f"jpeg-frame-{kind:02x}", patched(good, frame + 1, bytes((kind,))), False
    yield "jpeg-two-frames", good[:frame] + good[frame : frame + 19] * 2 + good[frame + 19 :], False
    yield "jpeg-no-frame", good[:frame] + good[frame + 19 :], False
    yield "jpeg-no-scan", good[:scan] + JPEG_END, False
    yield "jpeg-scan-of-9", patched(good, scan + 4, b"\x09"), False
    yield "jpeg-segment-length-0", good[:2] + b"\xff\xe5\0\0" + good[2:], False
    yield "jpeg-segment-length-1", good[:2] + b"\xff\xe5\0\1" + good[2:], False
    for marker, name in ((0xDB, "quantisation"), (0xC4, "huffman")):
        # Without Huffman tables decoders take the standard ones, as Motion JPEG wants it.
        yield f"jpeg-without-{name}", _without(good, marker), name == "huffman"
        offset = good.index(bytes((0xFF, marker)))
        yield f"jpeg-bad-{name}", patched(good, offset + 4, b"\xff" * 20), False
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
