"""BMP: the file header and the bitmap information header behind it."""

from __future__ import annotations

import struct

from sightglass.errors import BrokenImageError, TruncatedImageError, UnsupportedTypeError
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits

_OS2 = 12
_HEADER_SIZES = (_OS2, 40, 52, 56, 64, 108, 124)
_DEPTHS = (1, 4, 8, 16, 24, 32)
_PLAIN = (0, 3, 6)  # uncompressed, with colour masks, with colour and alpha masks
_RUN_LENGTH = {1: 8, 2: 4}  # compression to the depth that it needs
_EMBEDDED = {4: "a JPEG", 5: "a PNG"}


def read_header(data: bytes, limits: IntakeLimits) -> Header:
    """The header of a whole BMP. A negative height means rows from the top."""
    if len(data) < 26:
        raise TruncatedImageError
    (size,) = struct.unpack_from("<I", data, 14)
    if size not in _HEADER_SIZES:
        raise BrokenImageError("The header of the BMP has an unknown size.")
    if len(data) < 14 + size:
        raise TruncatedImageError
    if size == _OS2:
        width, height, planes, depth = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, planes, depth, compression = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)
    if width < 1 or planes != 1:
        raise BrokenImageError("The BMP has an impossible width or number of planes.")
    header = Header("bmp", width, height, 4 if depth == 32 else 3)
    limits.check_pixels(width, height)
    _check_layout(data, header, depth, compression)
    return header


def is_run_length(data: bytes) -> bool:
    """Whether the pixels of a BMP whose header was read before are run-length encoded."""
    (size,) = struct.unpack_from("<I", data, 14)
    return size != _OS2 and struct.unpack_from("<I", data, 30)[0] in _RUN_LENGTH


def _check_layout(data: bytes, header: Header, depth: int, compression: int) -> None:
    if compression in _EMBEDDED:
        raise UnsupportedTypeError(
            f"This BMP wraps {_EMBEDDED[compression]}, which is not served.", detected="wrapped BMP"
        )
    if depth not in _DEPTHS:
        raise BrokenImageError("The BMP has an impossible depth.")
    (start,) = struct.unpack_from("<I", data, 10)
    if compression in _PLAIN:
        row = (header.width * depth + 31) // 32 * 4
        if start + row * header.height > len(data):
            raise TruncatedImageError
    elif _RUN_LENGTH.get(compression) != depth:
        raise BrokenImageError("The BMP has a compression that does not go with its depth.")
    elif start >= len(data):
        raise TruncatedImageError
