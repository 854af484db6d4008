"""Logs: one JSON object a line on stdout, from our own code and from every library alike.

What a request or task binds (`request_id`, `task_id`) is on each of its lines. Bytes never get into
a log: they are replaced by their length. docs/logging.md lists every key.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LONGEST_TEXT = 8192  # a traceback fits; a base64 image does not
_LONGEST_LINE = 16_000  # container runtimes cut lines at 16 KiB, and half a line is no JSON
_BRIEF_TEXT = 500
_ALREADY_LOGGED = ("uvicorn.access", "tornado.access")  # by the middleware, by nginx
_TALKATIVE = (
    *("httpx", "httpcore", "urllib3", "asyncio", "PIL", "alembic.runtime.plugins"),
    # a line for each task and tick; our own lines and metrics say what matters
    *("celery.beat", "celery.worker.strategy", "celery.app.trace"),
)
_RETRIES = "urllib3.connectionpool"  # tells of each retry; who asked says what came of it

ErrorListener = Callable[[BaseException, EventDict], None]
_on_every_line: dict[str, str] = {}
_error_listeners: list[ErrorListener] = []


def configure_logging(level: str, log_format: str = "json", *, component: str = "") -> None:
    """Send everything to stdout. `log_format` is json or console; call once per process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared = _shared_processors(component)
    renderer = _console_renderer() if log_format == "console" else _json_renderer()
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stdout)
            if log_format == "console"
            else structlog.BytesLoggerFactory(sys.stdout.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(number, shared, renderer)
    _log_what_nobody_caught()


def on_every_line(**fields: str) -> None:
    """Have these fields on each further line of this process, where it has none of that name."""
    _on_every_line.update(fields)


def on_error(listener: ErrorListener) -> None:
    """Have `listener` called with each exception that is logged as an error, and its line."""
    _error_listeners.append(listener)


def shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace bytes by their length, and cut texts that are far too long for a line."""
    for key, value in event.items():
        if isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} bytes>"
        elif isinstance(value, str) and len(value) > _LONGEST_TEXT:
            event[key] = _cut(key, value, _LONGEST_TEXT)
    return event


def _cut(key: str, value: str, length: int) -> str:
    if key == "exception":  # its message is at the end
        return f"({len(value)} characters) ...{value[-length:]}"
    return f"{value[:length]}... ({len(value)} characters)"


def _shared_processors(component: str) -> list[Processor]:
    def add_component(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("component", component)
        for name, value in _on_every_line.items():
            event.setdefault(name, value)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([add_component] if component else []),
        _tell_listeners,
    ]


def _tell_listeners(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if _error_listeners and event.get("exc_info") and event.get("level") in ("error", "critical"):
        error = _exception_of(event["exc_info"])
        # What the listener's own library logs must not come back to it.
        if error is not None and not str(event.get("logger", "")).startswith("sentry_sdk"):
            for listener in _error_listeners:
                listener(error, event)
    return event


def _exception_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    found = exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]
    return found if isinstance(found, BaseException) else None


def _json_renderer() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        shorten,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _console_renderer() -> list[Processor]:
    # The rich tracebacks that are the default show local variables, image bytes among them.
    plain = structlog.dev.plain_traceback
    colors = sys.stdout.isatty()
    return [shorten, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def _to_json(event: EventDict, **_: Any) -> bytes:
    line = orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS)
    if len(line) <= _LONGEST_LINE:
        return line
    brief: dict[str, Any] = {}
    for key, value in event.items():
        text = value if isinstance(value, str) else repr(value)
        is_short = len(text) <= _BRIEF_TEXT
        brief[str(key)] = value if is_short else _cut(str(key), text, _BRIEF_TEXT)
    return orjson.dumps(brief, default=repr, option=orjson.OPT_NON_STR_KEYS)


def _route_stdlib(level: int, shared: list[Processor], renderer: list[Processor]) -> None:
    """Give the loggers of the libraries the same processors and the same output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderer,
                _as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "celery", "sqlalchemy"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _ALREADY_LOGGED:
        # Without any, Python has a last resort that prints warnings to stderr.
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger(_RETRIES).setLevel(max(level, logging.ERROR))
    logging.captureWarnings(True)


def _log_what_nobody_caught() -> None:
    """The interpreter would print these to stderr, a line of a traceback at a time."""
    log = structlog.get_logger(__name__)

    def on_exit(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            log.info("interrupted")
        else:
            log.critical("process_failed", exc_info=error)

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None and not issubclass(failed.exc_type, SystemExit):
            name = failed.thread.name if failed.thread else ""
            log.error("thread_failed", thread=name, exc_info=failed.exc_value)

    def unraisable(failed: sys.UnraisableHookArgs) -> None:
        log.error("error_ignored", where=repr(failed.object)[:200], exc_info=failed.exc_value)

    sys.excepthook = on_exit
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


def _as_text(_: WrappedLogger, __: str, rendered: Any) -> str:
    return rendered.decode() if isinstance(rendered, bytes) else str(rendered)
