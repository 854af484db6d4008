"""Log lines as a real process writes them: one JSON object each, whoever logged it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest


def lines_of(code: str, *, log_format: str = "json", level: str = "INFO") -> list[str]:
    start = (
        "import logging, structlog, warnings\n"
        "from sightglass.observability.logging import configure_logging\n"
        f"configure_logging({level!r}, {log_format!r}, component='test')\n"
        "log = structlog.get_logger()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    return run.stdout.splitlines()


def line_of(code: str) -> dict[str, Any]:
    (line,) = lines_of(code)
    fields: dict[str, Any] = json.loads(line)
    return fields


def test_own_line() -> None:
    line = line_of("log.info('loaded', model='street', seconds=0.5)")
    assert line["event"] == "loaded"
    assert line["model"] == "street"
    assert line["seconds"] == 0.5
    assert line["level"] == "info"
    assert line["component"] == "test"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("name", ["uvicorn.error", "celery.worker", "sqlalchemy.engine", "any"])
def test_line_of_a_library(name: str) -> None:
    line = line_of(f"logging.getLogger({name!r}).warning('slow: %d ms', 7)")
    assert line["event"] == "slow: 7 ms"
    assert line["level"] == "warning"
    assert line["logger"] == name


def test_bound_ids_are_on_every_line() -> None:
    bind = "structlog.contextvars.bind_contextvars(request_id='r1', task_id='t1')\n"
    lines = lines_of(bind + "log.info('own'); logging.getLogger('celery').info('theirs')")
    for line in map(json.loads, lines):
        assert line["request_id"] == "r1"
        assert line["task_id"] == "t1"


def test_bytes_are_replaced_by_their_length() -> None:
    line = line_of("log.info('got', image=b'\\xff\\xd8' * 500, copy=bytearray(3))")
    assert line["image"] == "<1000 bytes>"
    assert line["copy"] == "<3 bytes>"


def test_long_text_is_cut() -> None:
    line = line_of("log.info('got', image='A' * 100_000)")
    assert len(line["image"]) < 9000
    assert line["image"].endswith("(100000 characters)")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_traceback_is_without_values_of_variables(log_format: str) -> None:
    secret = b"SECRET".hex()  # so that the source line does not hold it
    code = (
        "def fail(image):\n    raise ValueError('bad')\n"
        f"try:\n    fail(bytes.fromhex('{secret}'))\n"
        "except ValueError:\n    log.exception('failed')\n"
    )
    text = "\n".join(lines_of(code, log_format=log_format))
    assert "ValueError: bad" in text
    assert "SECRET" not in text


def test_traceback_in_json_is_one_line() -> None:
    line = line_of("try:\n    1 / 0\nexcept ArithmeticError:\n    log.exception('failed')\n")
    assert "ZeroDivisionError" in line["exception"]


def test_level_is_kept_for_everyone() -> None:
    code = "log.info('no'); logging.getLogger('x').info('no'); log.warning('yes')"
    lines = lines_of(code, level="WARNING")
    assert [json.loads(line)["event"] for line in lines] == ["yes"]


def test_access_line_of_the_server_is_dropped() -> None:
    assert lines_of("logging.getLogger('uvicorn.access').info('GET /')") == []


def test_values_that_json_does_not_know() -> None:
    line = line_of("import pathlib\nlog.info('x', path=pathlib.Path('/a'), keys={1: {2, }})")
    assert "/a" in line["path"]


def test_console_format_is_for_people() -> None:
    (line,) = lines_of("log.info('loaded', model='street')", log_format="console")
    assert "loaded" in line
    assert "model=street" in line
