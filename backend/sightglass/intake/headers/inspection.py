"""Sniffs, reads the header and holds it against the limits, in this order."""

from __future__ import annotations

from collections.abc import Callable

from sightglass.errors import BrokenImageError, UnsupportedTypeError
from sightglass.intake.headers import bmp, jpeg, png, tiff, webp
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits
from sightglass.intake.sniff import sniff

_READERS: dict[str, Callable[[bytes, IntakeLimits], Header]] = {
    "jpeg": jpeg.read_header,
    "png": png.read_header,
    "webp": webp.read_header,
    "bmp": bmp.read_header,
    "tiff": tiff.read_header,
}


def inspect(data: bytes, limits: IntakeLimits) -> Header:
    """The header of an image that is inside the limits; no pixel is decoded.

    Raises the errors for bytes of `sightglass.errors`: empty, not an image, unsupported, broken or
    truncated, too many bytes, pixels or frames.
    """
    limits.check_bytes(len(data))
    name = sniff(data)
    if name not in limits.formats:
        raise UnsupportedTypeError(f"{name.upper()} images are not served here.", detected=name)
    try:
        header = _READERS[name](data, limits)
    except (IndexError, ValueError, OverflowError) as cause:  # pragma: no cover - a last line
        raise BrokenImageError from cause
    limits.check_pixels(header.width, header.height)
    limits.check_frames(header.frames)
    return header
