"""PNG: a walk over the chunks (PNG third edition), with their checksums.

`essential` makes the file that is decoded: only the chunks that make pixels. Colour profiles and
compressed text are left out before a decoder could unpack them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sightglass.errors import BrokenImageError, TruncatedImageError
from sightglass.intake.headers import exif
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ESSENTIAL = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
# IDAT chunks are 8 KiB or more in practice: this is a photo of several hundred megabytes.
_MAX_CHUNKS = 50_000
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_MAX_DEFLATE_RATIO = 1032  # zlib's technical notes: no stream unpacks to more


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int  # of its length field
    end: int  # behind its checksum

    def body(self, data: bytes) -> memoryview:
        return memoryview(data)[self.start + 8 : self.end - 4]


def read_header(data: bytes, limits: IntakeLimits) -> Header:
    """The header of a whole PNG: every essential chunk is there and undamaged."""
    chunks = _chunks(data)
    header = next(chunks, None)
    if header is None or header.kind != b"IHDR" or header.end - header.start != 25:
        raise BrokenImageError("The PNG does not begin with its header.")
    body = bytes(header.body(data))
    frames, orientation, packed = 1, 1, 0
    for chunk in chunks:
        if chunk.kind == b"IDAT":
            packed += chunk.end - chunk.start - 12
        elif chunk.kind == b"acTL":
            frames = max(1, int.from_bytes(chunk.body(data)[:4]))
        elif chunk.kind == b"eXIf":
            orientation = exif.orientation(chunk.body(data))
        elif chunk.kind == b"IHDR":
            raise BrokenImageError("The PNG has two headers.")
    return _header(body, packed, frames, orientation, limits)


def essential(data: bytes) -> bytes:
    """The same PNG with nothing but the chunks that make its pixels."""
    view = memoryview(data)
    parts = [view[c.start : c.end] for c in _chunks(data) if c.kind in _ESSENTIAL]
    return b"".join((_SIGNATURE, *parts))


def transparent_grey(data: bytes, header: Header) -> int | None:
    """The one grey value that is transparent, on the scale of decoded pixels (8 or 16 bits)."""
    if header.channels != 1:
        return None
    colour = data[len(_SIGNATURE) + 17]
    body = next((bytes(c.body(data)) for c in _chunks(data) if c.kind == b"tRNS"), b"")
    if colour != 0 or len(body) != 2:
        return None
    value, largest = int.from_bytes(body), (1 << header.bits) - 1
    return value * max(255, largest) // largest if value <= largest else None


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """The chunks up to IEND, which has to be there; those that make pixels are undamaged."""
    position = len(_SIGNATURE)
    view = memoryview(data)
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            raise TruncatedImageError
        kind = data[position + 4 : position + 8]
        end = position + 12 + int.from_bytes(data[position : position + 4])
        if not kind.isalpha():
            raise BrokenImageError("A chunk of the PNG has no valid name.")
        if end > len(data):
            raise TruncatedImageError
        if kind in _ESSENTIAL and zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(
            view[end - 4 : end]
        ):
            raise BrokenImageError("A chunk of the PNG is damaged: its checksum is wrong.")
        yield _Chunk(kind, position, end)
        if kind == b"IEND":
            return
        position = end
    raise BrokenImageError("The PNG has more chunks than a picture ever has.")


def _header(
    body: bytes, packed: int, frames: int, orientation: int, limits: IntakeLimits
) -> Header:
    width, height = int.from_bytes(body[0:4]), int.from_bytes(body[4:8])
    depth, colour, compression, filtering, interlace = body[8:13]
    if depth not in _DEPTHS.get(colour, ()):
        raise BrokenImageError("The PNG has an impossible depth or colour type.")
    if compression or filtering or interlace > 1:
        raise BrokenImageError("The PNG uses an unknown compression, filter or interlacing.")
    header = Header("png", width, height, _CHANNELS[colour], depth, frames, orientation)
    limits.check_pixels(width, height)
    row = (width * header.channels * depth + 7) // 8
    header_is_a_lie = row * height > _MAX_DEFLATE_RATIO * (packed + 16)
    if packed == 0 or header_is_a_lie:
        raise TruncatedImageError("The PNG has less data than its size needs.")
    return header
