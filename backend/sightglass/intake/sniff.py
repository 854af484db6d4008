"""The type of an upload by its first bytes. Names and declared content types are not trusted."""

from __future__ import annotations

from sightglass.errors import EmptyImageError, NotAnImageError, UnsupportedTypeError

_TIFF_MAGIC = (b"II*\x00", b"MM\x00*")

# Types that we recognise in order to name them. Pictures and videos are "unsupported"...
_UNSERVED_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"8BPS", "Photoshop"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"v/1\x01", "OpenEXR"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM video"),
    (b"OggS", "Ogg"),
    (b"\x00\x00\x01\xba", "MPEG video"),
    (b"\x00\x00\x01\xb3", "MPEG video"),
    (b"FLV\x01", "Flash video"),
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

# ISO base media files by the brand in their `ftyp` box.
_BRANDS: dict[bytes, str] = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"heim": "HEIC",
    b"heis": "HEIC",
    b"hevc": "HEIC",
    b"hevx": "HEIC",
    b"mif1": "HEIF",
    b"msf1": "HEIF",
    b"crx ": "CR3 raw",
    b"qt  ": "QuickTime video",
}


def sniff(data: bytes) -> str:
    """One of `limits.FORMATS`.

    Raises `EmptyImageError`, `UnsupportedTypeError` for a type that we know and do not serve,
    and `NotAnImageError` for everything else.
    """
    served = _served(data)
    if served is not None:
        return served
    if not data:
        raise EmptyImageError
    name = _unserved(data)
    if name is not None:
        raise UnsupportedTypeError(
            f"This is {name}; JPEG, PNG, WebP, BMP and TIFF images are served.", detected=name
        )
    raise NotAnImageError("The bytes are not an image of any known type.")


def _served(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(_TIFF_MAGIC):
        return "tiff"
    # "BM" alone is two letters of text: the size of the header that follows makes it a bitmap.
    if data.startswith(b"BM") and (len(data) < 18 or data[15:18] == b"\x00\x00\x00"):
        return "bmp"
    return None


def _unserved(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "MP4 video")
    if data.startswith(b"RIFF"):
        return {b"AVI ": "AVI video", b"WAVE": "WAV audio"}.get(data[8:12])
    for magic, name in _UNSERVED_PICTURES:
        if data.startswith(magic):
            return name
    return "SVG" if _is_svg(data) else None


def _is_svg(data: bytes) -> bool:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!")) and b"<svg" in start)
