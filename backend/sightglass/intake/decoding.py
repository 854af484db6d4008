"""Bytes to a frame. The one place where a picture library meets what a client sent."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from sightglass.errors import (
    BrokenImageError,
    SightglassError,
    TooManyPixelsError,
    TruncatedImageError,
)
from sightglass.intake import pixels as convert
from sightglass.intake.headers import Header, bmp, inspect, jpeg, png, tiff
from sightglass.intake.limits import IntakeLimits
from sightglass.intake.pixels import Pixels

_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}
_FILLER = bytes(range(1, 64))
_NEARLY_GREY = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture. `pixels` is BGR uint8, height x width x 3, contiguous and upright, and
    smaller than the original by `reduction` (1, 2, 4 or 8). `width` and `height` are those of the
    upright original; `sha256` and `size_bytes` are of the encoded bytes.
    """

    pixels: Pixels
    width: int
    height: int
    format: str
    size_bytes: int
    sha256: str
    reduction: int = 1


def decode(data: bytes, limits: IntakeLimits, *, target: int | None = None) -> Frame:
    """Check and decode one picture; of several frames, when they are allowed, the first.

    `target` is the longest side of the model's input: a JPEG at least twice as long is decoded at
    a half, a quarter or an eighth, never below `target`. Thread-safe. Raises nothing but the
    errors for bytes of `sightglass.errors`.
    """
    header = inspect(data, limits)
    reduction = _reduction(header, target)
    pixels = _guarded(_DECODERS[header.format], data, header, reduction)
    width, height = header.upright_size
    return Frame(
        pixels=np.ascontiguousarray(convert.upright(pixels, header.orientation)),
        width=width,
        height=height,
        format=header.format,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        reduction=reduction,
    )


def _reduction(header: Header, target: int | None) -> int:
    if header.format != "jpeg" or header.channels == 4 or not target:
        return 1
    longest = max(header.width, header.height)
    return next((factor for factor in (8, 4, 2) if longest >= factor * target), 1)


_Decoder = Callable[[bytes, Header, int], Pixels]


def _guarded(decoder: _Decoder, data: bytes, header: Header, reduction: int) -> Pixels:
    """Run a decoder; whatever it raises becomes one of our errors.

    A broad catch on purpose: on hostile bytes the libraries raise whatever their parsers ran into
    (struct.error, SyntaxError, ZeroDivisionError and more), and none of it is a fault of ours.
    """
    try:
        pixels = decoder(data, header, reduction)
    except SightglassError:
        raise
    except (MemoryError, Image.DecompressionBombError) as cause:
        raise TooManyPixelsError("The image needs more memory than there is.") from cause
    except EOFError as cause:
        raise TruncatedImageError from cause
    except Exception as cause:
        if "truncated" in str(cause):
            raise TruncatedImageError from cause
        raise BrokenImageError from cause
    expected = -(-header.height // reduction), -(-header.width // reduction), 3
    if pixels.shape != expected:
        raise BrokenImageError("The image is not of the size that its header says.")
    return pixels


def _decode_jpeg(data: bytes, header: Header, reduction: int) -> Pixels:
    if header.channels == 4:  # Pillow knows when Adobe wrote them inverted
        return convert.from_pillow(JpegImageFile(io.BytesIO(data)))
    flags = _REDUCED[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = _imdecode(data, flags)
    if np.abs(pixels[-1, -1].astype(np.int16) - 128).max() <= _NEARLY_GREY:
        _check_last_block(data, pixels, flags)
    return pixels


def _check_last_block(data: bytes, pixels: Pixels, flags: int) -> None:
    """Refuse a JPEG whose picture data stop early although an end marker follows them.

    The decoder fills the blocks that it never got with grey 128. A picture may well be grey there
    itself, so decode once more with filler before the end marker: it changes nothing when the
    picture was complete, and shows where blocks were missing.
    """
    end = jpeg.find_end(data)
    filled = _imdecode(b"".join((data[:end], _FILLER, b"\xff\xd9")), flags)
    if not np.array_equal(pixels, filled):
        raise TruncatedImageError


def _decode_png(data: bytes, header: Header, reduction: int) -> Pixels:
    pixels = _imdecode(png.essential(data), cv2.IMREAD_UNCHANGED)
    clear = png.transparent_grey(data, header)
    if clear is not None and pixels.ndim == 2:  # the only transparency that OpenCV leaves out
        pixels = np.where(pixels == clear, np.iinfo(pixels.dtype).max, pixels)
    return convert.from_array(pixels)


def _decode_webp(data: bytes, header: Header, reduction: int) -> Pixels:
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    return convert.from_array(_imdecode(data, flags))


def _decode_bmp(data: bytes, header: Header, reduction: int) -> Pixels:
    if bmp.is_run_length(data):
        # Pillow unpacks runs in Python and fills what a jump leaves out before it checks the size.
        return convert.from_array(_imdecode(data, cv2.IMREAD_COLOR))
    return convert.from_pillow(BmpImageFile(io.BytesIO(data)))


def _decode_tiff(data: bytes, header: Header, reduction: int) -> Pixels:
    essential = tiff.essential(data)
    if header.bits == 16 and tiff.read_layout(data).photometric in (0, 1, 2):
        return convert.from_array(_imdecode(essential, cv2.IMREAD_UNCHANGED))
    return convert.from_pillow(_Tiff(io.BytesIO(essential)))


class _Tiff(TiffImageFile):
    """Pillow's reader without its own limit on pixels: that is a global, ours is a setting."""

    def load_prepare(self) -> None:
        if self._im is None:
            self._im = Image.new(self.mode, self._tile_size).im
        super().load_prepare()


def _imdecode(data: bytes, flags: int) -> Pixels:
    try:
        pixels: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as cause:
        if cause.code == cv2.Error.StsNoMem:
            raise MemoryError from cause
        raise
    if pixels is None:
        raise BrokenImageError
    return pixels


_DECODERS: dict[str, _Decoder] = {
    "jpeg": _decode_jpeg,
    "png": _decode_png,
    "webp": _decode_webp,
    "bmp": _decode_bmp,
    "tiff": _decode_tiff,
}
