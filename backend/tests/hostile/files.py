"""Hostile and damaged image files: truncated, lying, exploding, or of another type altogether."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np

from tests.hostile import pictures
from tests.hostile.damage import File, mutated
from tests.hostile.jpeg_files import jpeg_files
from tests.hostile.other_image_files import bmp_files, tiff_files, webp_files
from tests.hostile.png_files import png_files


def all_files() -> Iterator[File]:
    """Every hostile file, in a fixed order."""
    yield from jpeg_files()
    yield from png_files()
    yield from webp_files()
    yield from bmp_files()
    yield from tiff_files()
    yield from polyglots()
    yield from other_types()
    yield from mutations()


# --- several types in one, other types, noise ----------------------------------------------------


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("run.sh"), "#!/bin/sh\necho hello\n")
    return buffer.getvalue()


def polyglots() -> Iterator[File]:
    script = b"<script>alert(1)</script>"
    yield "polyglot-jpeg-zip", pictures.jpeg() + _zip(), True
    yield "polyglot-png-zip", pictures.png() + _zip(), True
    yield "polyglot-webp-zip", pictures.webp() + _zip(), True
    yield "polyglot-bmp-zip", pictures.bmp() + _zip(), True
    yield "polyglot-jpeg-html", pictures.jpeg(comment=b"<html>" + script), True
    yield "polyglot-gif-script", b"GIF89a/*" + bytes(30) + b"*/=1;alert(1);", False
    yield "polyglot-html-with-jpeg-start", b"\xff\xd8\xff<html>" + script + b"</html>", False
    yield "polyglot-html-with-png-start", b"\x89PNG\r\n\x1a\n<html>" + script, False
    yield "polyglot-zip-with-jpeg-inside", _zip() + pictures.jpeg(), False
    yield "polyglot-pdf-with-jpeg-inside", b"%PDF-1.4\n" + pictures.jpeg(), False
    yield "polyglot-php-in-jpeg-comment", pictures.jpeg(comment=b"<?php system('id'); ?>"), True


def other_types() -> Iterator[File]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    )
    kinds = {
        "empty": b"",
        "one-byte": b"\xff",
        "one-zero": b"\0",
        "text": b"This is not a picture.\n",
        "json": b'{"image": "no"}',
        "html": b"<!doctype html><html><body>hello</body></html>",
        "shell": b"#!/bin/sh\nrm -rf /\n",
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        "zip": _zip(),
        "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
        "exe": b"MZ\x90\0" + bytes(60),
        "svg": svg,
        "svg-laughs": laughs,
        "gif": b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0"
        b"\x01\0\x01\0\0\x02\x02D\x01\0;",
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(40),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(40),
        "avif": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + bytes(40),
        "webm": b"\x1aE\xdf\xa3" + bytes(40),
        "avi": b"RIFF\x40\0\0\0AVI " + bytes(60),
        "wav": b"RIFF\x40\0\0\0WAVE" + bytes(60),
        "riff": b"RIFF\x40\0\0\0ABCD" + bytes(60),
        "jpeg-2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
        "jpeg-xl": b"\xff\x0a" + bytes(40),
        "ico": b"\0\0\x01\0\x01\0" + bytes(40),
        "psd": b"8BPS\0\x01" + bytes(40),
        "gzip": b"\x1f\x8b\x08\0" + bytes(40),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "netpbm": b"P6 1 1 255\nabc",
        "zeros": bytes(100_000),
        "ones": b"\xff" * 100_000,
        "noise": np.random.default_rng(1).bytes(100_000),
        "jpeg-start-alone": b"\xff\xd8\xff",
        "jpeg-start-and-end": b"\xff\xd8\xff\xd9",
        "webp-start-alone": b"RIFF\0\0\0\0WEBP",
        "tiff-start-alone": b"II*\0",
    }
    for name, data in kinds.items():
        yield f"type-{name}", data, False


def mutations(seeds: range = range(4)) -> Iterator[File]:
    for name, make in pictures.VALID.items():
        good = make()
        for seed in seeds:
            yield f"mutated-{name}-{seed}", mutated(good, seed), True
