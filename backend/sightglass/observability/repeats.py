"""How often an error that repeats is told: some at once, then one a minute, with a count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BURST = 5  # of one kind
EVERY_SECONDS = 60.0  # and then one of it in so long
ALL_BURST = 60  # of all kinds together, which come back at one a second
_MOST_KINDS = 256


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    held_back: int = 0


class RepeatLimit:
    """A bucket of tokens for each kind, and one for all. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[str, _Bucket] = {}
        self._all = _Bucket(ALL_BURST, clock())

    def admit(self, kind: str) -> int | None:
        """None: hold it back. Else how many of this kind were held back since the last one."""
        with self._lock:
            now = self._clock()
            bucket = self._bucket(kind, now)
            _refill(bucket, now, BURST, EVERY_SECONDS)
            _refill(self._all, now, ALL_BURST, 1.0)
            if bucket.tokens < 1 or self._all.tokens < 1:
                bucket.held_back += 1
                return None
            bucket.tokens -= 1
            self._all.tokens -= 1
            held_back, bucket.held_back = bucket.held_back, 0
            return held_back

    def _bucket(self, kind: str, now: float) -> _Bucket:
        if kind not in self._kinds:
            if len(self._kinds) >= _MOST_KINDS:  # forget the one that was seen first
                del self._kinds[next(iter(self._kinds))]
            self._kinds[kind] = _Bucket(BURST, now)
        return self._kinds[kind]


def _refill(bucket: _Bucket, now: float, most: float, seconds_each: float) -> None:
    bucket.tokens = min(most, bucket.tokens + (now - bucket.at) / seconds_each)
    bucket.at = now
