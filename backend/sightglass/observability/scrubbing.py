"""What must not leave the machine is taken out of an error report: people, secrets and pictures.

Whatever is not known to be harmless goes. Of texts, the messages of exceptions above all, what
looks like an address, a key, a file of a client or encoded bytes is replaced.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 1000
_DEEPEST = 8
_KEPT = frozenset(
    {
        *("event_id", "timestamp", "platform", "level", "release", "environment", "sdk", "dist"),
        *("exception", "tags", "contexts", "logger", "message", "logentry", "fingerprint"),
        *("type", "errors", "transaction", "_meta"),
    }
)
_CONTEXTS = frozenset({"runtime", "os", "trace"})
_FRAME = frozenset(
    {*("filename", "function", "module", "lineno", "in_app"), *("pre_context", "context_line")}
    | {"post_context"}
)
_WORDS = r"authorization|cookie|token|passw(?:or)?d|pwd|secret|api[_-]?key|dsn|signature|session"
_SECRET_NAME = re.compile(_WORDS, re.IGNORECASE)
_IMAGE = r"\.(?:jpe?g|jfif|png|webp|bmp|tiff?|gif|heic|heif|avif|pdf|mp4|zip)\b"

# In this order: a URL's password may hold anything, so it goes before what could cut it.
# A name may begin only where none is under way, and a scheme is short: else each character of a
# hostile text would be tried as the first one, which takes a second.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), instead)
    for pattern, instead in (
        (r"input_value=.*?(?=, input_type=|$)", "input_value=[removed]"),  # pydantic
        (r"\[parameters: .*", "[parameters removed]"),  # SQLAlchemy
        (r"\bDETAIL: .*", "DETAIL: [removed]"),  # PostgreSQL: the row
        (r"\bb(['\"])(?:\\.|(?!\1).)*(?:\1|$)", "[bytes]"),
        (r"(?:\\x[0-9a-f]{2}[^\s\\]{0,3}){4,}", "[bytes]"),
        (r"\bdata:[\w.+/-]+;base64,[\w+/=-]*", "[data]"),
        (r"([a-z][a-z0-9+.-]{0,30}://)\S*@", r"\1[removed]@"),
        (r"((?:://|/)[^\s?'\"]*)\?[^\s'\"<>)]*", r"\1?[removed]"),
        (r"\bsg_[a-z0-9]+_[\w-]+", "[key]"),
        (r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", r"\1 [removed]"),
        (
            rf"((?:{_WORDS})[\w-]*['\"]?\s*[=:]\s*)(?!\[)['\"]?[^\s'\",;&)}}]+['\"]?",
            r"\1[removed]",
        ),
        (rf"(['\"])[^'\"\n]{{0,255}}{_IMAGE}\1", "[file]"),
        (rf"(?<![^\s'\"/\\=(])[^\s'\"/\\=(]+{_IMAGE}", "[file]"),
        (r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[email]"),
        (r"[a-z0-9+/_-]{72,}={0,2}", "[data]"),
        (r"[^\s\x20-\x7e\u00a0-\u024f\u2010-\u2027]{8,}", "[data]"),
    )
)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)"
    r"|(?<![\w.:])[0-9a-f:]*:[0-9a-f:.]+(?![\w:])",
    re.IGNORECASE,
)


def scrub_event(event: dict[str, Any]) -> dict[str, Any]:
    """A new event with what may leave: errors, code, tags; no request, user, host or variables."""
    kept = {name: value for name, value in event.items() if name in _KEPT}
    contexts = kept.get("contexts")
    if isinstance(contexts, Mapping):
        kept["contexts"] = {name: contexts[name] for name in contexts if name in _CONTEXTS}
    errors = [_exception(error) for error in _values(kept.pop("exception", None))]
    clean: dict[str, Any] = _scrubbed(kept)
    if errors:
        clean["exception"] = {"values": errors}
    return clean


def scrub_text(text: str) -> str:
    """The text without what must not leave, and not longer than 1,000 characters."""
    if len(text) > 4 * LONGEST_TEXT:  # patterns over a megabyte would take their time
        text = text[: 4 * LONGEST_TEXT]
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    text = _ADDRESS.sub(_without_address, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def _exception(error: Mapping[str, Any]) -> dict[str, Any]:
    """One of a chain. Its code is ours or a library's, and is left as it is."""
    kept = {name: error[name] for name in ("type", "module", "mechanism") if name in error}
    kept["value"] = scrub_text(str(error.get("value") or ""))
    frames = (error.get("stacktrace") or {}).get("frames") or []
    if frames:
        kept["stacktrace"] = {
            "frames": [{name: frame[name] for name in frame if name in _FRAME} for frame in frames]
        }
    return kept


def _values(exception: Any) -> list[Mapping[str, Any]]:
    return list((exception or {}).get("values") or [])


def _scrubbed(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth > _DEEPEST:
        return "[removed]"
    if isinstance(value, Mapping):
        return {
            str(name): "[removed]"
            if _SECRET_NAME.search(str(name))
            else _scrubbed(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_scrubbed(inner, depth + 1) for inner in value]
    return value


def _without_address(found: re.Match[str]) -> str:
    text = found[0].rstrip(".:")
    try:
        ipaddress.ip_address(text)
    except ValueError:  # a time, or a version
        return found[0]
    return "[address]" + found[0][len(text) :]
