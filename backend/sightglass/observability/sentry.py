"""Sentry, when a DSN is set. Without one nothing is imported and nothing leaves the machine.

Every error that is logged with its exception is reported, with the ids of its log line as tags.
Sent are the exception, its traceback, release and environment; `scrubbing` takes out the rest.
A thread sends: a Sentry that is slow or away delays nothing but, by a second, the end of a process.
"""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sightglass.errors import SetupError
from sightglass.observability import logging
from sightglass.observability.repeats import RepeatLimit
from sightglass.observability.scrubbing import scrub_event
from sightglass.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

# What of a log line becomes a tag of the report.
TAGS = (
    *("component", "request_id", "task_id", "prediction_id", "model", "code", "logger", "event"),
    *("kind", "path"),
)
_LONGEST_TAG = 200  # Sentry's own limit
_LAST_WORDS_SECONDS = 1.0
_LONGEST_CHAIN = 20
_MARK = "_sightglass_reported"


def init_sentry(settings: Settings, component: str) -> bool:
    """Start reporting errors of this process; whether a DSN was set. Raises `SetupError`."""
    if settings.sentry_dsn is None or not settings.sentry_dsn.get_secret_value():
        return False
    import sentry_sdk
    from sentry_sdk.utils import BadDsn

    from sightglass import __version__

    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn.get_secret_value(),
            environment=settings.environment.value,
            release=settings.release or f"sightglass@{__version__}",
            # The integrations that Sentry turns on by itself read requests and log lines.
            auto_enabling_integrations=False,
            default_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            send_default_pii=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            include_local_variables=False,
            server_name="",
            spotlight=False,
            debug=False,
            before_send=scrub,
            shutdown_timeout=_LAST_WORDS_SECONDS,
        )
    except BadDsn:
        raise SetupError("SENTRY_DSN is not a DSN: https://KEY@HOST/PROJECT") from None
    sentry_sdk.set_tag("component", component)
    limit = RepeatLimit()
    logging.on_error(lambda error, line: _report(error, line, limit))
    atexit.register(sentry_sdk.flush, timeout=_LAST_WORDS_SECONDS)
    return True


def scrub(event: Event, hint: Hint) -> Event | None:
    """The last thing before an event is sent: only what may leave is left of it."""
    hint.pop("attachments", None)
    scrubbed: Event = scrub_event(event)  # type: ignore[arg-type, assignment]
    return scrubbed


def _report(error: BaseException, line: Mapping[str, Any], limit: RepeatLimit) -> None:
    """Report the error of a log line, unless it repeats too often. Never raises."""
    import sentry_sdk

    if _was_reported(error):
        return
    held_back = limit.admit(_kind(error))
    if held_back is None:
        return
    with contextlib.suppress(Exception), sentry_sdk.new_scope() as scope:
        for name in TAGS:
            if line.get(name):
                scope.set_tag(name, str(line[name])[:_LONGEST_TAG])
        if held_back:
            scope.set_tag("held_back", str(held_back))
        sentry_sdk.capture_exception(error)


def _was_reported(error: BaseException) -> bool:
    """Whether it, or what caused it, was: one failure is often logged on its way up, too."""
    cause: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if cause is None:
            break
        if getattr(cause, _MARK, False):
            return True
        cause = cause.__cause__ or cause.__context__
    with contextlib.suppress(AttributeError, TypeError):  # some take no attributes
        setattr(error, _MARK, True)
    return False


def _kind(error: BaseException) -> str:
    """Errors of one type from one line of code are one kind."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__module__}.{type(error).__qualname__} {place}"
