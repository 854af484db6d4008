"""Every hostile request body: hostile files in the three wrappings, and broken wrappings.

One list for the tests of intake and for those of the API: no case may end in anything but an
honest refusal, or in a success where the bytes happen to be a picture still.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import orjson

from tests.hostile import pictures
from tests.hostile.files import all_files

BOUNDARY = "sightglass-test-boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
JSON = "application/json"
RAW = "image/jpeg"

Family = Literal["4xx", "2xx or 4xx"]


@dataclass(frozen=True, slots=True)
class HostileCase:
    """One request body and what may become of it."""

    name: str
    content_type: str
    body: bytes
    family: Family


def part(
    data: bytes,
    name: str = "file",
    filename: str | None = "photo.jpg",
    headers: bytes = b"Content-Type: image/jpeg\r\n",
) -> bytes:
    """One part of a form, without the boundary before it."""
    file = "" if filename is None else f'; filename="{filename}"'
    disposition = f'Content-Disposition: form-data; name="{name}"{file}\r\n'
    return disposition.encode("utf-8", "surrogateescape") + headers + b"\r\n" + data + b"\r\n"


def form(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    """A whole form of parts."""
    line = b"--" + boundary.encode() + b"\r\n"
    return b"".join(line + each for each in parts) + b"--" + boundary.encode() + b"--\r\n"


def base64_json(data: bytes, prefix: str = "") -> bytes:
    return orjson.dumps({"image": prefix + base64.b64encode(data).decode()})


@cache
def cases() -> tuple[HostileCase, ...]:
    """The whole corpus; names are unique and the same on every run."""
    return (*_wrapped_files(), *_forms(), *_jsons())


def _wrapped_files() -> Iterator[HostileCase]:
    """The files take turns with the wrappings, and the small ones come in all three."""
    for index, (name, data, servable) in enumerate(all_files()):
        family: Family = "2xx or 4xx" if servable else "4xx"
        wrapped = (
            ("raw", RAW, data),
            ("form", MULTIPART, form(part(data))),
            ("json", JSON, base64_json(data)),
        )
        for turn, (wrapping, content_type, body) in enumerate(wrapped):
            if turn == index % 3 or len(data) < 64:
                yield HostileCase(f"{name}/{wrapping}", content_type, body, family)


def _forms() -> Iterator[HostileCase]:
    photo = pictures.jpeg()
    noise = np.random.default_rng(2).bytes(5000)
    whole = form(part(photo))
    bodies: dict[str, tuple[str, bytes]] = {
        "empty": (MULTIPART, b""),
        "no-boundary": ("multipart/form-data", whole),
        "empty-boundary": ("multipart/form-data; boundary=", whole),
        "quoted-empty-boundary": ('multipart/form-data; boundary=""', whole),
        "wrong-boundary": ("multipart/form-data; boundary=other", whole),
        "boundary-of-5000": (f"multipart/form-data; boundary={'b' * 5000}", whole),
        "binary-boundary": ("multipart/form-data; boundary=\x80\x81\xff", whole),
        "no-end": (MULTIPART, whole[: -len(BOUNDARY) - 6]),
        "half-an-end": (MULTIPART, whole[:-6]),
        "cut-in-headers": (MULTIPART, whole[:60]),
        "cut-in-data": (MULTIPART, whole[: len(whole) // 2]),
        "end-alone": (MULTIPART, form()),
        "noise": (MULTIPART, noise),
        "newlines": (MULTIPART, b"\r\n" * 50_000),
        "hyphens": (MULTIPART, b"-" * 100_000),
        "only-boundaries": (MULTIPART, f"--{BOUNDARY}\r\n".encode() * 5000),
        "bare-newlines": (MULTIPART, whole.replace(b"\r\n", b"\n")),
        "no-field-named-file": (MULTIPART, form(part(photo, "picture"))),
        "no-name": (MULTIPART, form(b"Content-Disposition: form-data\r\n\r\nabc\r\n")),
        "no-headers": (MULTIPART, form(b"\r\nabc\r\n")),
        "attachment": (
            MULTIPART,
            form(b'Content-Disposition: attachment; name="file"\r\n\r\nx\r\n'),
        ),
        "header-without-colon": (MULTIPART, form(b"Content-Disposition\r\n\r\nabc\r\n")),
        "binary-header": (MULTIPART, form(noise[:200] + b"\r\n\r\nabc\r\n")),
        "nul-in-header": (MULTIPART, form(b"Content-\0Disposition: form-data\r\n\r\nabc\r\n")),
        "header-of-a-megabyte": (
            MULTIPART,
            form(part(photo, headers=b"X: " + b"a" * 2**20 + b"\r\n")),
        ),
        "header-name-of-a-megabyte": (
            MULTIPART,
            form(part(photo, headers=b"a" * 2**20 + b": x\r\n")),
        ),
        "10000-headers": (MULTIPART, form(part(photo, headers=b"X: y\r\n" * 10_000))),
        "10000-parts": (MULTIPART, form(*[part(b"x", f"field{i}") for i in range(10_000)])),
        "10000-files": (MULTIPART, form(*[part(photo[:40])] * 10_000)),
        "two-files": (MULTIPART, form(part(photo), part(photo))),
        "file-and-image": (MULTIPART, form(part(photo), part(photo, "image"))),
        "empty-file": (MULTIPART, form(part(b""))),
        "text-as-file": (MULTIPART, form(part(b"hello", filename=None, headers=b""))),
        "nested": (MULTIPART, form(part(whole, headers=f"Content-Type: {MULTIPART}\r\n".encode()))),
        "base64-encoded-part": (
            MULTIPART,
            form(part(base64.b64encode(photo), headers=b"Content-Transfer-Encoding: base64\r\n")),
        ),
        "unknown-transfer-encoding": (
            MULTIPART,
            form(part(photo, headers=b"Content-Transfer-Encoding: \xff\xfe\r\n")),
        ),
        "not-form-data": (f"multipart/mixed; boundary={BOUNDARY}", form(b"\r\nabc\r\n")),
    }
    for name, (content_type, body) in bodies.items():
        yield HostileCase(f"form-{name}", content_type, body, "4xx")
    names = [
        *("../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/shadow", "a" * 4000, ".."),
        *("\x01\x02\x1b[31mred.jpg", "photo\u202egpj.exe", "<script>.jpg", "''; drop table"),
        "\udcff\udcfe",
    ]
    for index, filename in enumerate(names):
        body = form(part(photo, filename=filename))
        yield HostileCase(f"form-filename-{index}", MULTIPART, body, "2xx or 4xx")
    more = {
        "preamble": b"hello\r\n" + whole,
        "epilogue": whole + noise,
        "padding-behind-boundary": whole.replace(b"y\r\nC", b"y  \r\nC"),
        "boundary-in-data": form(part(photo + f"\r\n--{BOUNDARY}x".encode())),
    }
    for name, body in more.items():
        yield HostileCase(f"form-{name}", MULTIPART, body, "2xx or 4xx")


def _jsons() -> Iterator[HostileCase]:
    photo = pictures.jpeg()
    text = base64.b64encode(photo).decode()

    def image(value: object) -> bytes:
        return orjson.dumps({"image": value})

    bodies = {
        "empty": b"",
        "space": b"   ",
        "text": b"hello",
        "cut": image(text)[:-5],
        "single-quotes": b"{'image': 'abc'}",
        "trailing-comma": b'{"image": "abc",}',
        "two-documents": image(text) * 2,
        "not-utf-8": b'{"image": "\xff\xfe"}',
        "utf-16": image(text).decode().encode("utf-16"),
        "nul": b"\0" * 1000,
        "array": orjson.dumps([text]),
        "string": orjson.dumps(text),
        "number": b"42",
        "null": b"null",
        "nan": b"NaN",
        "no-image": b"{}",
        "other-field": orjson.dumps({"picture": text}),
        "image-null": image(None),
        "image-number": image(7),
        "image-true": image(True),
        "image-array": image([text]),
        "image-object": image({"data": text}),
        "image-empty": image(""),
        "not-base64": image("this is not base64!"),
        "emoji": image("\U0001f600" * 40),
        "one-character": image("A"),
        "five-characters": image("AAAAA"),
        "padding-alone": image("===="),
        "padding-inside": image("AA==AAAA"),
        "too-much-padding": image(text.rstrip("=") + "===="),
        "percent-encoded": image(text[:100] + "%2B%2F"),
        "base64-twice": image(base64.b64encode(text.encode()).decode()),
        "hexadecimal": image(photo[:99].hex()),
        "data-url-without-comma": image("data:image/jpeg;base64"),
        "data-url-not-base64": image("data:image/jpeg,hello"),
        "data-url-empty": image("data:image/jpeg;base64,"),
        "data-url-of-html": image("data:text/html;base64,PGgxPmhpPC9oMT4="),
        "data-url-twice": image("data:image/jpeg;base64,data:image/jpeg;base64," + text),
        "web-address": image("https://example.com/photo.jpg"),
        "file-address": image("file:///etc/passwd"),
        "path": image("/etc/passwd"),
        "deep-array": b'{"image": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "deep-object": b'{"image":' * 50_000 + b"1" + b"}" * 50_000,
        "deep-beside": b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "image": "AA=="}',
        "100000-fields": orjson.dumps({str(i): i for i in range(100_000)}),
        "number-of-100000-digits": b'{"image": ' + b"9" * 100_000 + b"}",
        "lone-surrogate": b'{"image": "\\ud800"}',
    }
    for name, body in bodies.items():
        yield HostileCase(f"json-{name}", JSON, body, "4xx")
    duplicated = b'{"image": "' + text.encode() + b'", "image": "no!"}'
    yield HostileCase("json-image-twice", JSON, duplicated, "4xx")
    named = orjson.dumps({"image": text, "filename": "../../\x00\x1b[2Jx" + "a" * 5000})
    yield HostileCase("json-hostile-filename", JSON, named, "2xx or 4xx")
    yield HostileCase(
        "json-filename-object", JSON, orjson.dumps({"image": text, "filename": {}}), "2xx or 4xx"
    )
