"""What an error report may hold: nothing of a person, no secret, no picture."""

from __future__ import annotations

import base64
import json
import time

import pytest

from sightglass.observability.scrubbing import LONGEST_TEXT, scrub_event, scrub_text

KEY = "sg_4f2a_" + "Zq3-x_9" * 5
PICTURE = base64.b64encode(bytes(range(256))).decode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot reach redis://:p@ss/w0rd@cache:6379/0", "w0rd"),
        ("postgresql+psycopg://anna:hunter2@db/x failed", "hunter2"),
        ("GET https://x.example/process-image?token=abc&user=anna", "anna"),
        ("no route /predictions?image_name=anna", "anna"),
        (f"key {KEY} was refused", KEY),
        ("Authorization: Bearer eyJhbGciOi.J9.x", "eyJhbGciOi"),
        ("{'password': 'hunter2', 'n': 1}", "hunter2"),
        ("api_key=hunter2;", "hunter2"),
        ("Cookie: sid=hunter2", "hunter2"),
        ("cannot identify image file 'Anna Smith passport.jpg'", "Smith"),
        ("cannot open anna-passport.PNG", "passport"),
        ("No such file: '/data/in/anna.jpeg'", "anna"),
        ("mail to anna.smith@example.com failed", "smith"),
        ("refused for 10.1.2.3", "10.1.2.3"),
        ("refused for 10.1.2.3:5011.", "10.1.2.3"),
        ("refused for 2001:db8::8a2e:370:7334", "2001:db8"),
        ("refused for [2001:db8::8a2e:370:7334]:80", "2001:db8"),
        (f"not a picture: {PICTURE}", PICTURE[:40]),
        (f"data:image/png;base64,{PICTURE[:24]} is broken", PICTURE[:20]),
        (f"bad header {bytes(range(128, 160))!r}", "x81"),
        (f"bad header {bytes(range(128, 160))!r}"[:40], "x81"),
        ("bad text " + bytes(range(128, 160)).decode("latin-1"), "\x85\x86"),
        ("x [SQL: INSERT ..] [parameters: ('anna', 'passport')]", "anna"),
        ("duplicate key\nDETAIL:  Key (name)=(anna) already exists.", "anna"),
        (
            'Invalid JSON [type=json_invalid, input_value=\'{"name": "anna"}\', input_type=str]',
            "anna",
        ),
    ],
)
def test_what_must_not_leave(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in scrub_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "unexpected character: line 1 column 1 (char 0)",
        "'NoneType' object has no attribute 'shape'",
        "operands could not be broadcast together with shapes (3,4) (4,5)",
        "no such table: predictions",
        "task 01a1fd16688c775daa610cfc4238a8a1 took 12:30:05 and std::bad_alloc 1.2.3",
        "sightglass.errors.BrokenImageError: zu groß",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert scrub_text(text) == text


def test_long_text_is_cut_and_takes_no_time() -> None:
    assert len(scrub_text("word " * 1_000_000)) <= LONGEST_TEXT + 3


@pytest.mark.parametrize("piece", ["a.", "+.", "a", ".jpe", "x@", "token-", "\u4e00"])
def test_hostile_text_takes_little_time(piece: str) -> None:
    began = time.thread_time()
    scrub_text(piece * (4 * LONGEST_TEXT // len(piece)))
    assert time.thread_time() - began < 0.4


def test_event_keeps_the_error_and_no_more() -> None:
    frame = {"filename": "a.py", "function": "f", "lineno": 3, "vars": {"v": "SECRET"}}
    frame["abs_path"] = "/home/SECRET/a.py"
    chain = [
        {"type": "KeyError", "value": "'SECRET.jpg'", "stacktrace": {"frames": [dict(frame)]}},
        {"type": "ValueError", "value": "from 10.1.2.3", "stacktrace": {"frames": [dict(frame)]}},
    ]
    event = {
        "event_id": "e1",
        "user": {"ip_address": "SECRET"},
        "server_name": "SECRET",
        "request": {"url": "http://x/?token=SECRET", "headers": {"a": "SECRET"}, "data": "SECRET"},
        "breadcrumbs": {"values": [{"message": "SECRET"}]},
        "extra": {"sys.argv": ["SECRET"]},
        "threads": {"values": ["SECRET"]},
        "modules": {"SECRET": "1"},
        "something_new": "SECRET",
        "contexts": {"runtime": {"name": "CPython"}, "device": {"name": "SECRET"}},
        "tags": {"request_id": "r1", "api_key": "SECRET", "image": b"SECRET"},
        "logentry": {"message": "for SECRET.png", "params": ["SECRET.png"]},
        "exception": {"values": chain},
    }
    kept = scrub_event(event)
    text = json.dumps(kept)
    assert "SECRET" not in text
    assert "10.1.2.3" not in text
    assert [error["type"] for error in kept["exception"]["values"]] == ["KeyError", "ValueError"]
    assert kept["exception"]["values"][0]["stacktrace"]["frames"][0]["lineno"] == 3
    assert kept["tags"]["request_id"] == "r1"
    assert kept["contexts"] == {"runtime": {"name": "CPython"}}
