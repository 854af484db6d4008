"""Waiting for what comes with time, without knowing how long this machine takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(found: Callable[[], T], seconds: float, what: str) -> T:
    """What `found` returns once it is something. Fails after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        result = found()
        if result:
            return result
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.2)
