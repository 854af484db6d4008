"""Multipart and base64 bodies."""

from __future__ import annotations

import base64

import orjson
import pytest

from sightglass.errors import (
    BrokenBase64Error,
    BrokenJsonError,
    BrokenMultipartError,
    MissingImageError,
    TooManyBytesError,
    TooManyImagesError,
)
from sightglass.intake import IntakeLimits, display_name, parse_base64_json, parse_multipart
from tests.hostile import corpus, pictures
from tests.hostile.corpus import BOUNDARY, MULTIPART, base64_json, form, part

LIMITS = IntakeLimits()
CASES = {case.name: case for case in corpus.cases()}


@pytest.mark.parametrize("field", ["file", "image"])
def test_the_file_of_a_form(field: str) -> None:
    photo = pictures.jpeg()
    upload = parse_multipart(form(part(photo, field, "my photo.jpg")), MULTIPART, LIMITS)
    assert upload.data == photo
    assert upload.filename == "my photo.jpg"
    assert upload.content_type == "image/jpeg"


def test_other_fields_are_ignored() -> None:
    photo = pictures.png()
    body = form(part(b"0.4", "conf", None, b""), part(photo), part(b"x" * 9, "other", "b.txt"))
    assert parse_multipart(body, MULTIPART, LIMITS).data == photo


def test_a_file_without_name_or_type() -> None:
    upload = parse_multipart(form(part(b"abc", filename=None, headers=b"")), MULTIPART, LIMITS)
    assert (upload.data, upload.filename, upload.content_type) == (b"abc", None, None)


def test_data_that_looks_like_a_boundary() -> None:
    data = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n--" + BOUNDARY.encode() + b"x\r\n--\r\n\r\n-"
    assert parse_multipart(form(part(data)), MULTIPART, LIMITS).data == data


def test_preamble_epilogue_and_quoted_boundary() -> None:
    body = form(part(b"abc")) + b"epilogue"
    content_type = f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"'
    assert parse_multipart(body, content_type, LIMITS).data == b"abc"


def test_multipart_at_the_limit_and_one_above() -> None:
    limits = IntakeLimits(max_bytes=100)
    assert len(parse_multipart(form(part(bytes(100))), MULTIPART, limits).data) == 100
    with pytest.raises(TooManyBytesError):
        parse_multipart(form(part(bytes(101))), MULTIPART, limits)


@pytest.mark.parametrize(
    "name",
    [
        *("empty", "no-boundary", "wrong-boundary", "boundary-of-5000", "no-end", "half-an-end"),
        *("noise", "newlines", "bare-newlines", "no-name", "no-headers", "attachment", "nested"),
        *("header-of-a-megabyte", "10000-headers", "10000-parts", "base64-encoded-part"),
        *("binary-header", "nul-in-header", "only-boundaries", "cut-in-headers", "cut-in-data"),
    ],
)
def test_broken_forms(name: str) -> None:
    case = CASES[f"form-{name}"]
    with pytest.raises(BrokenMultipartError):
        parse_multipart(case.body, case.content_type, LIMITS)


@pytest.mark.parametrize("name", ["no-field-named-file", "end-alone"])
def test_forms_without_a_file(name: str) -> None:
    with pytest.raises(MissingImageError):
        parse_multipart(CASES[f"form-{name}"].body, MULTIPART, LIMITS)


@pytest.mark.parametrize("name", ["two-files", "file-and-image"])
def test_forms_with_several_files(name: str) -> None:
    with pytest.raises(TooManyImagesError):
        parse_multipart(CASES[f"form-{name}"].body, MULTIPART, LIMITS)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("/etc/shadow", "shadow"),
        ("..", None),
        ("folder/", None),
        ("   ", None),
        ("a\x00b\x1b[31m\r\n.jpg", "ab[31m.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u0444\u043e\u0442\u043e \U0001f600.png", "\u0444\u043e\u0442\u043e \U0001f600.png"),
        ("a" * 5000, "a" * 255),
        ("\ud800", None),
    ],
)
def test_names_are_fit_for_display(sent: str, shown: str | None) -> None:
    assert display_name(sent) == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("the %22best%22.jpg", 'the "best".jpg'),  # as browsers and curl send a quote
        ("two%0D%0Alines.jpg", "twolines.jpg"),
        ("100%25.jpg", "100%25.jpg"),  # nobody escapes the percent sign
        ("..%2F..%2Fetc.jpg", "..%2F..%2Fetc.jpg"),
        ("%22", '"'),
    ],
)
def test_names_as_browsers_escape_them(sent: str, shown: str) -> None:
    body = form(part(b"x", filename=sent))
    assert parse_multipart(body, MULTIPART, LIMITS).filename == shown


def test_filename_that_is_not_utf8() -> None:
    upload = parse_multipart(form(part(b"x", filename="\udcff\udcfe.jpg")), MULTIPART, LIMITS)
    assert upload.filename == "\ufffd\ufffd.jpg"


@pytest.mark.parametrize("size", range(6))
def test_base64_of_every_padding(size: int) -> None:
    data = bytes(range(250, 250 + size))
    assert parse_base64_json(base64_json(data), LIMITS).data == data
    bare = base64.b64encode(data).decode().rstrip("=")
    assert parse_base64_json(orjson.dumps({"image": bare}), LIMITS).data == data


def test_base64_with_line_breaks_and_in_the_url_alphabet() -> None:
    data = bytes(range(256)) * 4
    for text in (
        base64.encodebytes(data).decode(),
        base64.encodebytes(data).decode().replace("\n", "\r\n"),
        base64.urlsafe_b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
    ):
        assert parse_base64_json(orjson.dumps({"image": text}), LIMITS).data == data


@pytest.mark.parametrize(
    "prefix", ["data:image/png;base64,", "DATA:image/png;charset=utf-8;BASE64,"]
)
def test_data_url(prefix: str) -> None:
    upload = parse_base64_json(base64_json(b"abc", prefix), LIMITS)
    assert (upload.data, upload.content_type) == (b"abc", "image/png")


def test_json_filename() -> None:
    body = orjson.dumps({"image": "QUJD", "filename": "a/b/c.jpg", "more": [1]})
    upload = parse_base64_json(body, LIMITS)
    assert (upload.data, upload.filename) == (b"ABC", "c.jpg")


def test_base64_at_the_limit_and_one_above() -> None:
    limits = IntakeLimits(max_bytes=100)
    assert len(parse_base64_json(base64_json(bytes(100)), limits).data) == 100
    with pytest.raises(TooManyBytesError):
        parse_base64_json(base64_json(bytes(101)), limits)


def test_a_body_far_too_large_is_refused_unread() -> None:
    with pytest.raises(TooManyBytesError):
        parse_base64_json(b"{" * 200_000, IntakeLimits(max_bytes=100))


@pytest.mark.parametrize(
    "name",
    [
        *("empty", "text", "cut", "array", "string", "null", "nan", "not-utf-8", "utf-16"),
        *("deep-array", "deep-object", "two-documents", "lone-surrogate"),
    ],
)
def test_broken_json(name: str) -> None:
    with pytest.raises(BrokenJsonError):
        parse_base64_json(CASES[f"json-{name}"].body, LIMITS)


@pytest.mark.parametrize("name", ["no-image", "image-null", "other-field"])
def test_json_without_an_image(name: str) -> None:
    with pytest.raises(MissingImageError):
        parse_base64_json(CASES[f"json-{name}"].body, LIMITS)


@pytest.mark.parametrize(
    "name",
    [
        *("not-base64", "emoji", "one-character", "five-characters", "padding-alone"),
        *("padding-inside", "too-much-padding", "percent-encoded", "image-number", "image-array"),
        *("data-url-without-comma", "data-url-not-base64", "data-url-twice", "web-address"),
    ],
)
def test_broken_base64(name: str) -> None:
    with pytest.raises(BrokenBase64Error):
        parse_base64_json(CASES[f"json-{name}"].body, LIMITS)
