"""Sentry in a process: off without a DSN, a clear refusal of one that is none, and what is sent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sightglass.errors import SetupError
from sightglass.observability.sentry import init_sentry
from sightglass.settings import Settings, load_settings
from tests.integration.observability.sentry_server import SentryServer

START = """
import structlog
from sightglass.observability.logging import configure_logging
from sightglass.observability.sentry import init_sentry
from sightglass.settings import Settings
configure_logging("INFO", component="api")
settings = Settings(_env_file=None, sentry_dsn={dsn!r}, release="r7", environment="test")
assert init_sentry(settings, "api")
log = structlog.get_logger()
"""


def run(dsn: str, code: str) -> subprocess.CompletedProcess[str]:
    environment = {"NO_PROXY": "*", "PATH": ""}
    return subprocess.run(
        [sys.executable, "-c", START.format(dsn=dsn) + code],
        check=True,
        env=environment,
        timeout=60,
        capture_output=True,
        text=True,
    )


def test_without_dsn_nothing_starts() -> None:
    code = (
        "import sys\n"
        "from sightglass.observability.sentry import init_sentry\n"
        "from sightglass.settings import Settings\n"
        "assert init_sentry(Settings(_env_file=None), 'api') is False\n"
        "assert 'sentry_sdk' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "dsn",
    ["nonsense", "ftp://k@h/1", "https://h/1", "https://k@h/", "https://k@h/x", "http://k@:1/1"],
)
def test_dsn_that_is_none_is_refused_without_repeating_it(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    with pytest.raises(SetupError, match="SENTRY_DSN: must be a DSN") as refused:
        load_settings()
    assert dsn not in str(refused.value)


def test_empty_dsn_is_off() -> None:
    assert init_sentry(Settings(_env_file=None, sentry_dsn=""), "api") is False


def test_logged_error_is_sent_with_the_tags_of_its_line() -> None:
    code = f"""
def fail(image):
    raise RuntimeError("went wrong")
try:
    fail(bytes.fromhex("{b"IMAGEBYTES".hex()}"))
except RuntimeError:
    with structlog.contextvars.bound_contextvars(request_id="r1", task_id="t1"):
        log.exception("it_failed", code="odd", image=b"x")
"""
    with SentryServer() as sentry:
        run(sentry.dsn, code)
        (event,) = sentry.events()
    assert event["release"] == "r7"
    assert event["environment"] == "test"
    wanted = {"component": "api", "request_id": "r1", "task_id": "t1", "code": "odd"}
    assert wanted.items() <= event["tags"].items()
    assert event["tags"]["event"] == "it_failed"
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("RuntimeError", "went wrong")
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert "IMAGEBYTES" not in sentry.text()
    assert not {"user", "server_name", "modules", "breadcrumbs", "request"} & event.keys()
    assert "vars" not in sentry.text()


def test_one_failure_that_is_logged_twice_is_sent_once() -> None:
    code = """
try:
    try:
        1 / 0
    except ZeroDivisionError as cause:
        log.exception("first")
        raise RuntimeError("then") from cause
except RuntimeError:
    log.exception("second")
log.error("no exception")
log.warning("only a warning", exc_info=ValueError("x"))
"""
    with SentryServer() as sentry:
        run(sentry.dsn, code)
        assert [event["tags"]["event"] for event in sentry.events()] == ["first"]


def test_libraries_and_what_nobody_caught() -> None:
    code = """
import logging, threading
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("uvicorn.error").exception("in a library")
def fail():
    raise LookupError("in a thread")
thread = threading.Thread(target=fail)
thread.start(); thread.join()
"""
    with SentryServer() as sentry:
        ended = run(sentry.dsn, code)
        found = {event["exception"]["values"][0]["type"] for event in sentry.events()}
    assert found == {"ZeroDivisionError", "LookupError"}
    assert ended.stderr == ""


def test_repeated_error_is_sent_a_few_times() -> None:
    code = """
for number in range(1000):
    try:
        raise RuntimeError(f"number {number}")
    except RuntimeError:
        log.exception("again")
"""
    with SentryServer() as sentry:
        ended = run(sentry.dsn, code)
        assert 1 <= len(sentry.events()) <= 6
    assert len(ended.stdout.splitlines()) == 1000
