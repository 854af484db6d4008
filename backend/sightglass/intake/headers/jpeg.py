"""JPEG: a walk over the markers (ITU-T T.81 annex B).

Written out here instead of asking a library because it runs for every photo: a few microseconds,
and it knows what a decoder hides, a file that stops early or repeats its scans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sightglass.errors import BrokenImageError, TruncatedImageError, UnsupportedTypeError
from sightglass.intake.headers import exif
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits

# A progressive photo has about 10 scans. Each one makes the decoder visit every block again, so
# a small file with thousands of them would keep it busy for minutes. The second bound is for
# large pictures: 10^9 visited pixels are about a second.
MAX_SCANS = 100
_MAX_SCANNED_PIXELS = 1_000_000_000
_ALWAYS_SERVED_SCANS = 20
_MAX_SEGMENTS = 2000

_PROGRESSIVE, _EOI, _SOS, _APP1 = 0xC2, 0xD9, 0xDA, 0xE1
_USUAL_TAIL = 64  # bytes of padding that some cameras put behind the end marker
_STANDING_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # TEM, RST0..7, SOI: no length
_SERVED_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive; all Huffman
_UNSERVED_FRAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xC9: "arithmetic-coded",
    0xCA: "arithmetic-coded",
    0xCB: "arithmetic-coded",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
}
# In entropy-coded data 0xFF is followed by 0 (stuffing), a restart marker or another 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


@dataclass(slots=True)
class _Walk:
    """What has been seen so far."""

    size: tuple[int, int] | None = None
    components: bytes = b""
    progressive: bool = False
    scanned: frozenset[int] = frozenset()
    has_full_channel: bool = False
    scans: int = 0
    data_start: int = 0
    orientation: int | None = None


def read_header(data: bytes, limits: IntakeLimits) -> Header:
    """The header of a complete JPEG. Raises `TruncatedImageError` when no end follows the data."""
    return _walk(data, limits)[0]


def find_end(data: bytes) -> int:
    """Where the end marker of the main picture is, in a JPEG whose header was read before.

    What lies behind it (a second picture in the MPO files of phones, an archive) is not read.
    """
    return _walk(data, IntakeLimits(max_pixels=2**32))[1]


def _walk(data: bytes, limits: IntakeLimits) -> tuple[Header, int]:
    seen = _Walk()
    position = 2  # behind SOI
    for _ in range(_MAX_SEGMENTS):
        position, marker = _marker_at(data, position)
        if marker == _EOI:
            return _finish(seen, position - 2), position - 2
        if marker in _STANDING_ALONE:
            continue
        end = _segment_end(data, position)
        if marker == _SOS:
            _read_scan(data[position + 2 : end], seen)
            seen.data_start = seen.data_start or end
            position = _skip_scan(data, end, seen)
            continue
        if marker in _SERVED_FRAMES:
            seen.progressive = marker == _PROGRESSIVE
            _read_frame(data[position + 2 : end], seen, limits)
        elif marker in _UNSERVED_FRAMES:
            kind = _UNSERVED_FRAMES[marker]
            raise UnsupportedTypeError(
                f"This is a {kind} JPEG, which is not served.", detected=f"{kind} JPEG"
            )
        elif marker == _APP1 and seen.orientation is None:
            _read_exif(data, position + 2, end, seen)
        position = end
    raise BrokenImageError("The JPEG has more segments than a photo ever has.")


def _marker_at(data: bytes, position: int) -> tuple[int, int]:
    """The position behind the next marker, and the marker. Decoders skip stray bytes; so do we."""
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise TruncatedImageError
    return found.end(), data[found.end() - 1]


def _segment_end(data: bytes, position: int) -> int:
    length = int.from_bytes(data[position : position + 2])
    if position + 2 > len(data) or position + length > len(data):
        raise TruncatedImageError
    if length < 2:
        raise BrokenImageError("A segment of the JPEG has an impossible length.")
    return position + length


def _read_frame(body: bytes, seen: _Walk, limits: IntakeLimits) -> None:
    """SOFn: precision, height, width, then three bytes for each component."""
    if seen.size is not None:
        raise BrokenImageError("The JPEG has more than one frame header.")
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[5] == 0:
        raise BrokenImageError("The frame header of the JPEG is too short.")
    if body[0] != 8:
        raise UnsupportedTypeError(
            f"This JPEG has {body[0]} bits a channel; 8 are served.",
            detected=f"{body[0]}-bit JPEG",
        )
    if body[5] not in (1, 3, 4):
        raise UnsupportedTypeError(
            f"This JPEG has {body[5]} channels; 1, 3 and 4 are served.",
            detected=f"{body[5]}-channel JPEG",
        )
    seen.size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
    limits.check_pixels(*seen.size)
    seen.components = body[6 : 6 + 3 * body[5] : 3]
    sampling = [(factors >> 4, factors & 15) for factors in body[7 : 6 + 3 * body[5] : 3]]
    largest = max(across for across, _ in sampling), max(down for _, down in sampling)
    seen.has_full_channel = largest in sampling


def _read_scan(body: bytes, seen: _Walk) -> None:
    """SOS: which components the scan holds."""
    if seen.size is None:
        raise BrokenImageError("The JPEG has picture data before its frame header.")
    seen.scans += 1
    if seen.scans > _scan_limit(*seen.size):
        raise BrokenImageError("The JPEG has more scans than a photo ever has.")
    count = body[0] if body else 0
    if not 1 <= count <= 4 or len(body) < 1 + 2 * count:
        raise BrokenImageError("A scan header of the JPEG is too short.")
    seen.scanned |= frozenset(body[1 : 1 + 2 * count : 2])


def _scan_limit(width: int, height: int) -> int:
    affordable = _MAX_SCANNED_PIXELS // max(1, width * height)
    return min(MAX_SCANS, max(_ALWAYS_SERVED_SCANS, affordable))


def _skip_scan(data: bytes, start: int, seen: _Walk) -> int:
    """Where the entropy-coded data ends: at the next marker.

    Most photos are one scan and nothing behind it, so the search starts at the end of the file:
    walking over the data would take longer than all the rest of this module.
    """
    single = seen.scans == 1 and seen.scanned.issuperset(seen.components)
    if single and not seen.progressive:
        end = data.rfind(b"\xff\xd9", max(start, len(data) - _USUAL_TAIL))
        if end < 0:
            end = data.find(b"\xff\xd9", start)
    else:
        found = _NEXT_MARKER.search(data, start)
        end = found.start() if found else -1
    if end < 0:
        raise TruncatedImageError
    return end


def _read_exif(data: bytes, start: int, end: int, seen: _Walk) -> None:
    if data.startswith(b"Exif\x00\x00", start, end):
        seen.orientation = exif.orientation(memoryview(data)[start + 6 : end])


def _finish(seen: _Walk, end: int) -> Header:
    if seen.size is None:
        raise BrokenImageError("The JPEG ends before its picture begins.")
    if not seen.scanned.issuperset(seen.components):
        raise TruncatedImageError("The JPEG ends before all of its colours.")
    width, height = seen.size
    # No code is shorter than a bit, and every block of 8 x 8 has one (in a baseline file two):
    # a picture of millions of pixels in a few bytes is refused before memory is taken for it.
    blocks = -(-width // 8) * -(-height // 8) if seen.has_full_channel else 0
    if 8 * (end - seen.data_start) < blocks * (1 if seen.progressive else 2):
        raise TruncatedImageError("The JPEG has less data than its size needs.")
    return Header("jpeg", width, height, len(seen.components), orientation=seen.orientation or 1)
