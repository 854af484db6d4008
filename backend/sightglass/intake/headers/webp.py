"""WebP: a walk over the RIFF chunks (RFC 9649)."""

from __future__ import annotations

from collections.abc import Iterator

from sightglass.errors import BrokenImageError, TruncatedImageError
from sightglass.intake.headers import exif
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits

_MAX_CHUNKS = 10_000
_ANIMATION, _ALPHA = 0x02, 0x10


def read_header(data: bytes, limits: IntakeLimits) -> Header:
    """The header of a whole WebP file. Frames are counted, not believed."""
    if len(data) < 20 or 8 + int.from_bytes(data[4:8], "little") > len(data):
        raise TruncatedImageError
    chunks = list(_chunks(data))
    kind, body = chunks[0]
    if kind != b"VP8X":
        width, height, channels = _still(kind, body)
        return Header("webp", width, height, channels)
    return _extended(body, chunks[1:])


def _extended(body: memoryview, chunks: list[tuple[bytes, memoryview]]) -> Header:
    """VP8X: flags and the size of the canvas, which a still picture has to fill."""
    if len(body) < 10:
        raise BrokenImageError("The extended header of the WebP is too short.")
    width = 1 + int.from_bytes(body[4:7], "little")
    height = 1 + int.from_bytes(body[7:10], "little")
    orientation = next((exif.orientation(part) for kind, part in chunks if kind == b"EXIF"), 1)
    channels = 4 if body[0] & _ALPHA else 3
    frames = sum(kind == b"ANMF" for kind, _ in chunks)
    if body[0] & _ANIMATION:
        if not frames:
            raise TruncatedImageError
        return Header("webp", width, height, 4, frames=frames, orientation=orientation)
    still = next(((kind, part) for kind, part in chunks if kind in (b"VP8 ", b"VP8L")), None)
    if still is None:
        raise TruncatedImageError("The WebP has a header and no picture.")
    if _still(*still)[:2] != (width, height):
        raise BrokenImageError("The WebP names two different sizes.")
    return Header("webp", width, height, channels, orientation=orientation)


def _still(kind: bytes, body: memoryview) -> tuple[int, int, int]:
    """Width, height and channels of a lossy (VP8) or lossless (VP8L) bitstream."""
    if kind == b"VP8 ":
        if len(body) < 10 or body[0] & 1 or bytes(body[3:6]) != b"\x9d\x01\x2a":
            raise BrokenImageError("The WebP does not begin with a key frame.")
        width = int.from_bytes(body[6:8], "little") & 0x3FFF
        return width, int.from_bytes(body[8:10], "little") & 0x3FFF, 3
    if kind == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise BrokenImageError("The lossless WebP has no signature.")
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 4 if bits >> 28 & 1 else 3
    raise BrokenImageError("The WebP holds no picture.")


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    position, stop = 12, 8 + int.from_bytes(data[4:8], "little")
    count = 0
    while position + 8 <= stop:
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + size > stop:
            raise TruncatedImageError
        yield data[position : position + 4], view[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
        count += 1
        if count > _MAX_CHUNKS:
            raise BrokenImageError("The WebP has more chunks than a picture ever has.")
    if count == 0:
        raise TruncatedImageError
