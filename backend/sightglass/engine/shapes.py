"""Which input shapes are compiled: the square always, a few others as they are asked for.

A shape costs about 0.3 s and 50 MB to compile, so at most `limit` are kept. A mix of many shapes
then falls back to the smallest compiled one that contains the picture, and only a shape that is
asked for much more often than a kept one takes its place, at most once in `_REPLACE_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from sightglass.engine.letterbox import Shape

T = TypeVar("T")

_WINDOW = 256  # requests after which all counts are halved, so that old habits fade
_REPLACE_ASKED = 32  # a shape must be asked for this often in the window to replace another ...
_REPLACE_RATIO = 2  # ... and this many times as often as the one that it replaces
_REPLACE_SECONDS = 10.0


class ShapeCache(Generic[T]):
    """At most `limit` compiled models, by input shape. Thread-safe.

    `compile_shape` runs in the thread that first asks for a shape, without a lock: others go on
    with shapes that are ready. `square` (the full input) is compiled now and kept for ever.
    """

    def __init__(
        self,
        compile_shape: Callable[[Shape], T],
        square: Shape,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.square = square
        self._compile = compile_shape
        self._limit = max(1, limit)
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[Shape, int] = {}
        self._since_halved = 0
        self._replaced_at = float("-inf")
        self._ready: dict[Shape, Future[T]] = {}
        self._fill(square)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes that are compiled now, smallest first."""
        with self._lock:
            return tuple(sorted(s for s, f in self._ready.items() if f.done()))

    def get(self, wanted: Shape) -> tuple[Shape, T]:
        """The compiled model for a shape, or for the best larger one, and its shape."""
        with self._lock:
            self._count(wanted)
            found = self._ready.get(wanted)
            compile_now = found is None and self._make_room(wanted)
            if found is None and not compile_now:
                wanted, found = self._container(wanted)
            if compile_now:
                found = self._ready[wanted] = Future()
        if compile_now:
            self._fill(wanted)
        assert found is not None
        return wanted, found.result()

    def _fill(self, shape: Shape) -> None:
        with self._lock:
            place = self._ready.setdefault(shape, Future())
        try:
            place.set_result(self._compile(shape))
        except BaseException as error:
            with self._lock:
                self._ready.pop(shape, None)
            place.set_exception(error)
            raise

    def _count(self, wanted: Shape) -> None:
        self._asked[wanted] = self._asked.get(wanted, 0) + 1
        self._since_halved += 1
        if self._since_halved >= _WINDOW:
            self._since_halved = 0
            self._asked = {s: n // 2 for s, n in self._asked.items() if n > 1}

    def _make_room(self, wanted: Shape) -> bool:
        """Whether a new shape may be compiled; drops the least used one if it must."""
        if len(self._ready) < self._limit:
            return True
        others = [s for s, f in self._ready.items() if s != self.square and f.done()]
        now = self._clock()
        if not others or now - self._replaced_at < _REPLACE_SECONDS:
            return False
        least = min(others, key=lambda shape: self._asked.get(shape, 0))
        asked, rival = self._asked[wanted], self._asked.get(least, 0)
        if asked < _REPLACE_ASKED or asked < _REPLACE_RATIO * rival:
            return False
        # Whoever still uses the dropped model keeps it alive until they are done.
        del self._ready[least]
        self._replaced_at = now
        return True

    def _container(self, wanted: Shape) -> tuple[Shape, Future[T]]:
        """The ready shape with the fewest pixels that holds `wanted`; the square always does."""
        fitting = [
            shape
            for shape, future in self._ready.items()
            if future.done() and shape[0] >= wanted[0] and shape[1] >= wanted[1]
        ]
        best = min(fitting, key=lambda shape: shape[0] * shape[1], default=self.square)
        return best, self._ready[best]
