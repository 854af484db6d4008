"""TIFF 6.0: the directory of the first page, and how many pages there are.

`essential` makes the file that is decoded: a fresh directory with only the tags that make pixels.
Profiles, EXIF, private tags and further pages stay out of the decoder's sight.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sightglass.errors import BrokenImageError, TruncatedImageError, UnsupportedTypeError
from sightglass.intake.headers.header import Header
from sightglass.intake.limits import IntakeLimits

_MAX_TAGS = 512
_MAX_PAGES = 4096
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I"}

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _STRIP_ROWS, _STRIP_SIZES = 273, 274, 277, 278, 279
_PLANAR, _COLOR_MAP, _TILE_WIDTH, _TILE_HEIGHT = 284, 320, 322, 323
_TILE_OFFSETS, _TILE_SIZES = 324, 325
_EXTRA_SAMPLES, _SAMPLE_FORMAT = 338, 339
# The tags above, and: fill order, CCITT options, predictor, ink set, JPEG tables, YCbCr layout.
_ESSENTIAL = {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _SAMPLES, _STRIP_ROWS),
    *(_STRIP_SIZES, _PLANAR, _COLOR_MAP, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES),
    *(_EXTRA_SAMPLES, _SAMPLE_FORMAT, 266, 292, 293, 317, 332, 347, 529, 530, 531, 532),
}
# The tags with several values; all others have exactly one.
_LISTS = {
    *(_BITS, _STRIP_OFFSETS, _STRIP_SIZES, _COLOR_MAP, _TILE_OFFSETS, _TILE_SIZES),
    *(_EXTRA_SAMPLES, _SAMPLE_FORMAT, 347, 529, 530, 532),
}
_PHOTOMETRICS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}  # to their channels
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
_NO_COMPRESSION = 1
_REDUCED_OR_MASK = 0b101  # NewSubfileType: a thumbnail or a mask, not a page


@dataclass(frozen=True, slots=True)
class _Tag:
    number: int
    kind: int
    count: int
    start: int  # of its values
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How the first page lies in the file, as far as choosing a decoder needs it."""

    bits: int
    samples: int
    photometric: int


class _Directory:
    """One image file directory: its tags by number, with their values inside the file."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.order = "<" if data.startswith(b"II") else ">"
        self.tags: dict[int, _Tag] = {}
        if start < 8 or start + 2 > len(data):
            raise TruncatedImageError("The TIFF ends before its directory.")
        (count,) = struct.unpack_from(self.order + "H", data, start)
        end = start + 2 + 12 * count
        if not 1 <= count <= _MAX_TAGS:
            raise BrokenImageError(f"A directory of the TIFF has {count} tags.")
        if end + 4 > len(data):
            raise TruncatedImageError("The TIFF ends inside its directory.")
        (self.next,) = struct.unpack_from(self.order + "I", data, end)
        for offset in range(start + 2, end, 12):
            self._add(offset)

    def _add(self, offset: int) -> None:
        number, kind, count = struct.unpack_from(self.order + "HHI", self.data, offset)
        size = _SIZES.get(kind, 0) * count
        start = offset + 8
        if size > 4:
            (start,) = struct.unpack_from(self.order + "I", self.data, start)
        if number not in _ESSENTIAL and number not in (_ORIENTATION, _SUBFILE):
            return
        if not size or (count != 1 and number not in _LISTS):
            raise BrokenImageError("A tag of the TIFF has an impossible type or count.")
        if start + size > len(self.data):
            raise TruncatedImageError("A tag of the TIFF points behind its end.")
        if number in self.tags:
            raise BrokenImageError("The TIFF has a tag twice.")
        self.tags[number] = _Tag(number, kind, count, start, size)

    def values(self, number: int) -> tuple[int, ...]:
        """The whole numbers of a tag, empty when it is absent or of another type."""
        tag = self.tags.get(number)
        if tag is None or tag.kind not in _CODES:
            return ()
        return struct.unpack_from(
            f"{self.order}{tag.count}{_CODES[tag.kind]}", self.data, tag.start
        )

    def first(self, number: int, default: int) -> int:
        """The first value of a tag."""
        values = self.values(number)
        return values[0] if values else default


def read_header(data: bytes, limits: IntakeLimits) -> Header:
    """The header of the first page; thumbnails and masks do not count as pages."""
    page = _first_page(data)
    layout = _layout(page)
    width, height = page.first(_WIDTH, 0), page.first(_HEIGHT, 0)
    orientation = page.first(_ORIENTATION, 1)
    header = Header(
        "tiff",
        width,
        height,
        layout.samples,
        layout.bits,
        frames=_count_pages(data, page),
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )
    limits.check_pixels(width, height)
    _check_segments(page, header)
    return header


def read_layout(data: bytes) -> Layout:
    """Depth, samples and meaning of the first page's pixels."""
    return _layout(_first_page(data))


def essential(data: bytes) -> bytes:
    """The same file with a new directory at its end that holds only what makes pixels."""
    page = _first_page(data)
    order = page.order
    tags = [page.tags[number] for number in sorted(page.tags) if number in _ESSENTIAL]
    start = len(data) + (len(data) & 1)
    entries = [struct.pack(order + "H", len(tags))]
    for tag in tags:
        entries.append(struct.pack(order + "HHI", tag.number, tag.kind, tag.count))
        inline = data[tag.start : tag.start + 4].ljust(4, b"\0")
        entries.append(inline if tag.size <= 4 else struct.pack(order + "I", tag.start))
    entries.append(bytes(4))
    head = data[:4] + struct.pack(order + "I", start)
    return b"".join((head, memoryview(data)[8:], b"\0" * (start - len(data)), *entries))


def _first_page(data: bytes) -> _Directory:
    if len(data) < 8:
        raise TruncatedImageError
    (start,) = struct.unpack_from("<I" if data.startswith(b"II") else ">I", data, 4)
    return _Directory(data, start)


def _count_pages(data: bytes, page: _Directory) -> int:
    pages, start, seen = 1, page.next, set[int]()
    while start:
        if start in seen or len(seen) > _MAX_PAGES:
            raise BrokenImageError("The pages of the TIFF run in a circle.")
        seen.add(start)
        if start + 2 > len(data):
            break  # a dangling pointer behind the last page: the page that we serve is whole
        further = _Directory(data, start)
        pages += not further.first(_SUBFILE, 0) & _REDUCED_OR_MASK
        start = further.next
    return pages


def _layout(page: _Directory) -> Layout:
    samples = page.first(_SAMPLES, 1)
    bits = set(page.values(_BITS) or (1,))
    photometric = page.first(_PHOTOMETRIC, -1)
    needed = _PHOTOMETRICS.get(photometric)
    if set(page.values(_SAMPLE_FORMAT)) - {1}:
        raise _unsupported("with floating-point or signed pixels")
    if page.first(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise _unsupported(f"of compression {page.first(_COMPRESSION, 1)}")
    if needed is None:
        raise _unsupported(f"of colour type {photometric}")
    if len(bits) != 1 or not bits <= {1, 2, 4, 8, 16}:
        raise _unsupported(f"with {sorted(bits)} bits a channel")
    if not needed <= samples <= needed + 1:
        raise _unsupported(f"with {samples} channels")
    depth = bits.pop()
    if photometric == 3 and (depth > 8 or len(page.values(_COLOR_MAP)) != 3 << depth):
        raise BrokenImageError("The TIFF has no colour map that fits its depth.")
    return Layout(depth, samples, photometric)


def _unsupported(what: str) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"This is a TIFF {what}, which is not served.", detected="TIFF")


def _check_segments(page: _Directory, header: Header) -> None:
    """Every strip or tile lies in the file, is not absurdly large, and there are enough of them."""
    tiled = _TILE_OFFSETS in page.tags
    offsets = page.values(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    sizes = page.values(_TILE_SIZES if tiled else _STRIP_SIZES)
    width, height = header.width, header.height
    if tiled:
        across, down = page.first(_TILE_WIDTH, 0), page.first(_TILE_HEIGHT, 0)
        if not 16 <= across <= width + 1024 or not 16 <= down <= height + 1024:
            raise BrokenImageError("The TIFF has tiles of an impossible size.")
        needed = -(-width // across) * -(-height // down)
    else:
        needed = -(-height // max(1, min(page.first(_STRIP_ROWS, height), height)))
    if page.first(_PLANAR, 1) == 2:
        needed *= header.channels
    if not offsets or len(sizes) != len(offsets) or len(offsets) < needed:
        raise TruncatedImageError("The TIFF does not say where all of its pixels are.")
    if any(start + size > len(page.data) for start, size in zip(offsets, sizes, strict=True)):
        raise TruncatedImageError
    raw = width * height * header.channels * header.bits // 8
    if page.first(_COMPRESSION, 1) == _NO_COMPRESSION and sum(sizes) < raw:
        raise TruncatedImageError("The TIFF has less data than its size needs.")
