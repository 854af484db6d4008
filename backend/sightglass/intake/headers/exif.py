"""The orientation tag of an EXIF block, and nothing else of it.

Cameras write it; a wrong or damaged block means "upright", as every viewer has it.
"""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112
_SHORT = 3
_MAX_ENTRIES = 512


def orientation(block: bytes | memoryview) -> int:
    r"""EXIF orientation 1..8 of a TIFF-structured block, 1 when there is none that is valid.

    A leading `Exif\0\0` is skipped: some writers put it into PNG and WebP as well.
    """
    view = memoryview(block)
    if bytes(view[:6]) == b"Exif\x00\x00":
        view = view[6:]
    order = {b"II": "<", b"MM": ">"}.get(bytes(view[:2]))
    if order is None or len(view) < 10:
        return 1
    (start,) = struct.unpack_from(order + "I", view, 4)
    if start + 2 > len(view):
        return 1
    (count,) = struct.unpack_from(order + "H", view, start)
    for index in range(min(count, _MAX_ENTRIES)):
        offset = start + 2 + 12 * index
        if offset + 12 > len(view):
            return 1
        tag, kind, values = struct.unpack_from(order + "HHI", view, offset)
        if tag == _ORIENTATION:
            (value,) = struct.unpack_from(order + "H", view, offset + 8)
            return value if kind == _SHORT and values == 1 and 1 <= value <= 8 else 1
    return 1
