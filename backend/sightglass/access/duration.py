"""Durations as people write them: 12h, 90d, 2w."""

from __future__ import annotations

import re

from sightglass.errors import InvalidParameterError

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TEXT = re.compile(r"([1-9][0-9]{0,5})([mhdw])")


def parse_duration(text: str) -> int:
    """Seconds. Raises `InvalidParameterError`."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise InvalidParameterError(
            f"{text!r} is no duration: write a number and m, h, d or w, as in 90d."
        )
    return int(found[1]) * _SECONDS[found[2]]
