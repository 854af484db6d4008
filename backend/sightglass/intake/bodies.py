"""The image inside a request body: multipart or JSON with base64. Bytes in, bytes out, no HTTP.

The bytes of the image are looked at later, by `decode`; here only the wrapping is judged.
"""

from __future__ import annotations

import binascii
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from sightglass.errors import (
    BrokenBase64Error,
    BrokenJsonError,
    BrokenMultipartError,
    MissingImageError,
    TooManyBytesError,
    TooManyImagesError,
)
from sightglass.intake.limits import IntakeLimits

IMAGE_FIELDS = (b"file", b"image")
_MAX_PARTS = 64
_MAX_HEADERS = 16
_MAX_HEADER_BYTES = 8192
_MAX_NAME_LENGTH = 255
# Room for the JSON around the base64 and for line breaks inside it (one in 76 characters).
_JSON_SLACK_BYTES = 65_536
_WHITESPACE = b" \t\r\n\f\v"
_UNUSUAL = _WHITESPACE + b"-_"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of one image as sent. `filename` is fit for display, never a path;
    `content_type` is what the client claims.
    """

    data: bytes
    filename: str | None = None
    content_type: str | None = None


# --- multipart ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    wanted: bool = False
    filename: bytes | None = None


class _Parts:
    """Collects the wanted parts of one body; the others are skipped without a copy."""

    def __init__(self) -> None:
        self.wanted: list[_Part] = []
        self.ended = False
        self._count = 0
        self._part = _Part()
        self._name = self._value = b""

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MAX_PARTS:
            raise BrokenMultipartError(f"The multipart body has more than {_MAX_PARTS} parts.")
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        disposition, options = parse_options_header(
            self._part.headers.get(b"content-disposition", b"")
        )
        if disposition != b"form-data" or b"name" not in options:
            raise BrokenMultipartError(
                "A part of the multipart body has no form-data disposition with a name."
            )
        self._part.wanted = options[b"name"] in IMAGE_FIELDS
        self._part.filename = options.get(b"filename")
        if self._part.wanted:
            _check_encoding(self._part)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.wanted:
            self._part.chunks.append(data[start:end])

    def _part_end(self) -> None:
        if self._part.wanted:
            self.wanted.append(self._part)

    def _end(self) -> None:
        self.ended = True


def _check_encoding(part: _Part) -> None:
    """RFC 7578 4.7 deprecates transfer encodings: a browser or curl sends the bytes as they are."""
    encoding = part.headers.get(b"content-transfer-encoding", b"binary").strip().lower()
    if encoding not in (b"binary", b"8bit", b"7bit"):
        raise BrokenMultipartError("The image part has a transfer encoding; send its plain bytes.")
    if part.headers.get(b"content-type", b"").strip().lower().startswith(b"multipart/"):
        raise BrokenMultipartError("The image part is itself multipart; send one flat form.")


def parse_multipart(body: bytes, content_type: str, limits: IntakeLimits) -> Upload:
    """The one image of a form: the field `file`, or `image`. Other fields are ignored.

    Raises `BrokenMultipartError`, `MissingImageError`, `TooManyImagesError` and
    `TooManyBytesError`.
    """
    parts = _Parts()
    try:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise BrokenMultipartError("The multipart content type names no boundary.")
        parser = MultipartParser(
            boundary,
            parts.callbacks(),
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
        parser.write(body)
    except (FormParserError, ValueError) as cause:
        raise BrokenMultipartError from cause
    if not parts.ended:
        raise BrokenMultipartError("The multipart body ends before its closing boundary.")
    return _single(parts.wanted, limits)


def _single(wanted: list[_Part], limits: IntakeLimits) -> Upload:
    if not wanted:
        raise MissingImageError
    if len(wanted) > 1:
        raise TooManyImagesError
    (part,) = wanted
    data = part.chunks[0] if len(part.chunks) == 1 else b"".join(part.chunks)
    limits.check_bytes(len(data))
    declared = part.headers.get(b"content-type")
    return Upload(
        data=data,
        filename=_sent_name(part.filename) if part.filename else None,
        content_type=display_name(declared.decode("latin-1"), path=False) if declared else None,
    )


def _sent_name(raw: bytes) -> str | None:
    """Browsers and curl write these three as WHATWG's form encoding says, and no other; a `%` of
    the name itself they leave as it is.
    """
    name = raw.decode("utf-8", "replace")
    for escaped, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(escaped, character)
    return display_name(name)


# --- JSON with base64 --------------------------------------------------------------------


def parse_base64_json(body: bytes, limits: IntakeLimits) -> Upload:
    """The image of `{"image": base64}`; a `data:` URL is understood, `filename` is optional.

    Line breaks, the URL-safe alphabet and missing padding are tolerated, nothing else is.
    Raises `BrokenJsonError`, `MissingImageError`, `BrokenBase64Error` and `TooManyBytesError`.
    """
    if len(body) > limits.max_bytes * 4 // 3 * 78 // 76 + _JSON_SLACK_BYTES:
        raise TooManyBytesError(
            f"The body is larger than an image of {limits.max_bytes} bytes needs.",
            limit=limits.max_bytes,
        )
    try:
        parsed = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as cause:
        raise BrokenJsonError("The body is not valid JSON.") from cause
    if not isinstance(parsed, dict):
        raise BrokenJsonError
    text = parsed.get("image")
    if text is None:
        raise MissingImageError('The JSON has no field "image".')
    if not isinstance(text, str):
        raise BrokenBase64Error("The field `image` must be a string of base64.")
    data, content_type = _decode_base64(text, limits)
    name = parsed.get("filename")
    return Upload(data, display_name(name) if isinstance(name, str) else None, content_type)


def _decode_base64(text: str, limits: IntakeLimits) -> tuple[bytes, str | None]:
    content_type = None
    if text[:5].lower() == "data:":
        head, comma, text = text[5:].partition(",")
        declared, *options = head.split(";")
        if not comma or "base64" not in (option.strip().lower() for option in options):
            raise BrokenBase64Error("The data URL in `image` is not base64.")
        content_type = display_name(declared, path=False)
    try:
        packed = text.encode("ascii")
        if any(byte in packed for byte in _UNUSUAL):  # translating costs as much as decoding
            packed = packed.translate(_URL_SAFE, _WHITESPACE)
        limits.check_bytes(len(packed.rstrip(b"=")) * 3 // 4)
        if b"=" not in packed[-2:]:
            packed += b"=" * (-len(packed) % 4)
        return binascii.a2b_base64(packed, strict_mode=True), content_type
    except ValueError as cause:  # binascii.Error and UnicodeEncodeError are
        raise BrokenBase64Error from cause


# --- both --------------------------------------------------------------------------------


def display_name(name: str, *, path: bool = True) -> str | None:
    """A name fit to show and to log: no folders, no control or bidirectional characters, at most
    255 characters. None when nothing is left.
    """
    if path:
        name = name.replace("\\", "/").rpartition("/")[2]
    # Category C: control, format (right-to-left overrides), surrogates, private, unassigned.
    kept = "".join(c for c in name[:4096] if unicodedata.category(c)[0] != "C").strip()
    if path and not kept.strip("."):
        return None
    return kept[:_MAX_NAME_LENGTH].strip() or None
