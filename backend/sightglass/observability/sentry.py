"""Sentry, when a DSN is set. Without one nothing is imported and nothing leaves the machine.

Only the error, its traceback and the request id are sent: no bodies, no local variables, no
headers, no addresses of clients.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sightglass.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_SENSITIVE_WORDS = ("authorization", "cookie", "token", "password", "secret", "api_key", "dsn")
_REQUEST_FIELDS = ("method", "url")


def init_sentry(settings: Settings, component: str) -> bool:
    """Start reporting errors of this process; whether a DSN was set."""
    if settings.sentry_dsn is None or not settings.sentry_dsn.get_secret_value():
        return False
    import sentry_sdk

    from sightglass import __version__

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.environment.value,
        release=settings.release or f"sightglass@{__version__}",
        # The integrations that Sentry turns on by itself read requests and log lines.
        auto_enabling_integrations=False,
        default_integrations=False,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        traces_sample_rate=0.0,
        before_send=scrub,
    )
    sentry_sdk.set_tag("component", component)
    return True


def report(error: BaseException, **tags: str) -> None:
    """Send an unexpected error; does nothing when Sentry was not started."""
    if "sentry_sdk" not in sys.modules:
        return  # not worth the import
    import sentry_sdk

    if not sentry_sdk.is_initialized():
        return
    with sentry_sdk.new_scope() as scope:
        for name, value in tags.items():
            scope.set_tag(name, value)
        sentry_sdk.capture_exception(error)


def scrub(event: Event, _hint: Hint) -> Event:
    """Remove what must not leave: the user, bodies, headers, secrets, values of variables."""
    fields: dict[str, Any] = event  # type: ignore[assignment]
    for name in ("user", "server_name", "modules"):
        fields.pop(name, None)
    request = fields.get("request")
    if isinstance(request, dict):
        fields["request"] = {key: request[key] for key in _REQUEST_FIELDS if key in request}
        fields["request"]["url"] = str(request.get("url", "")).partition("?")[0]
    for name in ("extra", "contexts", "tags"):
        if isinstance(fields.get(name), dict):
            fields[name] = _without_secrets(fields[name])
    for exception in (fields.get("exception") or {}).get("values", []):
        for frame in (exception.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    return event


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if any(word in key.lower() for word in _SENSITIVE_WORDS):
            kept[key] = "[removed]"
        elif isinstance(value, bytes | bytearray):
            kept[key] = f"<{len(value)} bytes>"
        else:
            kept[key] = _without_secrets(value) if isinstance(value, dict) else value
    return kept
