"""docs/logging.md names every key that the code gives a log line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[4]
_METHODS = {"debug", "info", "warning", "error", "critical", "exception"}
_BINDING = {"bind_contextvars", "bound_contextvars", "on_every_line"}


def documented_keys() -> set[str]:
    """The words in code of the first column of the tables."""
    text = (ROOT / "docs" / "logging.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {key for cell in rows for key in re.findall(r"`(\w+)`", cell)}


def used_keys() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "backend" / "sightglass").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _logs(call):
                for keyword in call.keywords:
                    if keyword.arg not in (None, "exc_info"):
                        yield str(keyword.arg), f"{path.name}:{call.lineno}"


def _logs(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in _BINDING or function.id == "write"
    if not isinstance(function, ast.Attribute):
        return False
    is_log = isinstance(function.value, ast.Name) and function.value.id == "log"
    return function.attr in _BINDING or (is_log and function.attr in _METHODS)


def test_every_key_of_a_line_is_documented() -> None:
    used = list(used_keys())
    assert len(used) > 40
    known = documented_keys()
    assert [place for place in used if place[0] not in known] == []


def test_keys_of_nginx_are_documented() -> None:
    template = (ROOT / "nginx" / "templates" / "default.conf.template").read_text()
    log_format = template.partition("log_format sightglass")[2].partition(";")[0]
    keys = set(re.findall(r'"(\w+)":', log_format))
    assert {"timestamp", "level", "event", "component", "request_id"} <= keys
    assert keys <= documented_keys()
