"""Hostile PNGs: wrong checksums, bombs in pixels and in metadata, impossible headers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from tests.hostile import pictures
from tests.hostile.damage import File, patched
from tests.hostile.pictures import PNG_END, png_chunk, png_file, png_header


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
            yield f"png-{name}-wrong-checksum", patched(good, end - 4, wrong), False
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
