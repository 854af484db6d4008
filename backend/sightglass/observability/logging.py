"""Logs: one JSON object a line on stdout, from our own code and from every library alike.

What a request or task binds (`request_id`, `task_id`, `model_version`) is on each of its lines.
Bytes never get into a log: they are replaced by their length.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LONGEST_TEXT = 8192  # a traceback fits; a base64 image does not
_ALREADY_LOGGED = ("uvicorn.access",)  # the middleware writes the access line
_TALKATIVE = (
    *("httpx", "httpcore", "urllib3", "asyncio", "PIL", "alembic.runtime.plugins"),
    # a line for each task and tick; our own lines and metrics say what matters
    *("celery.beat", "celery.worker.strategy", "celery.app.trace"),
)


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


def shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace bytes by their length, and cut texts that are far too long for a line."""
    for key, value in event.items():
        if isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} bytes>"
        elif isinstance(value, str) and len(value) > _LONGEST_TEXT:
            event[key] = f"{value[:_LONGEST_TEXT]}... ({len(value)} characters)"
    return event


def _shared_processors(component: str) -> list[Processor]:
    def add_component(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("component", component)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([add_component] if component else []),
    ]


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
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS)


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
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def _as_text(_: WrappedLogger, __: str, rendered: Any) -> str:
    return rendered.decode() if isinstance(rendered, bytes) else str(rendered)
