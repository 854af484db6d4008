"""Puts the pictures of predictions aside, behind the back of serving.

A prediction only leaves its bytes here: no copy, no disk. One thread writes them. Of a steady
stream only some are kept, as writing a file costs a processor about a millisecond. What does not
fit in the queue or on the disk is dropped. All is counted, and nothing here fails a prediction.
"""

from __future__ import annotations

import threading
import time
from collections import deque

import structlog

from sightglass.errors import HistoryUnavailableError
from sightglass.observability import metrics
from sightglass.predictions.kept_images import KeptImages

log = structlog.get_logger(__name__)

_QUEUE_BYTES = 64 << 20
# The history, Redis and the spool need the disk more than pictures do.
_LEAVE_FREE_BYTES = 512 << 20
_TIDY_SECONDS = 600.0
_CLOSE_SECONDS = 5.0
_BURST_SECONDS = 20.0


class Quota:
    """A token bucket: `per_second` on average, twenty seconds' worth at once; 0: no limit."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second * _BURST_SECONDS)
        self._left = self._most
        self._filled_at = time.monotonic()

    def take(self) -> bool:
        """Whether one more may be had now. Not safe without a lock."""
        if self._per_second <= 0:
            return True
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ImageKeeper:
    """Takes pictures from any thread. `start` begins to write them, `close` ends it.

    `per_second` is how many it writes on average; 0: all.
    """

    def __init__(
        self,
        images: KeptImages,
        *,
        per_second: float = 0.0,
        queue_bytes: int = _QUEUE_BYTES,
        leave_free_bytes: int = _LEAVE_FREE_BYTES,
    ) -> None:
        self._images = images
        self._quota = Quota(per_second)
        self._queue_bytes = queue_bytes
        self._leave_free_bytes = leave_free_bytes
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_bytes = 0  # with the picture that is being written
        self._changed = threading.Condition()
        self._closed = False
        self._failing = False
        self._bytes_until_tidy = 0
        self._tidy_at = 0.0
        self._thread = threading.Thread(target=self._run, name="image-keeper", daemon=True)
        self._results = {
            result: metrics.kept_images.labels(result)
            for result in ("kept", "sampled", "dropped", "failed")
        }

    def keep(self, prediction_id: str, data: bytes) -> None:
        """Hand a picture over; returns at once, whatever becomes of it."""
        with self._changed:
            refusal = self._refusal(len(data))
            if refusal is None:
                self._waiting.append((prediction_id, data))
                self._waiting_bytes += len(data)
                self._changed.notify()
        if refusal is not None:
            self._results[refusal].inc()

    def start(self) -> None:
        """Begin to write in the background."""
        self._thread.start()

    def close(self) -> None:
        """Write what is waiting, for some seconds at most, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout=_CLOSE_SECONDS)

    def _refusal(self, size_bytes: int) -> str | None:
        if self._closed or self._waiting_bytes + size_bytes > self._queue_bytes:
            return "dropped"
        return None if self._quota.take() else "sampled"

    # --- the thread

    def _run(self) -> None:
        while not self._ended():
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=_TIDY_SECONDS)
                prediction_id, data = self._waiting.popleft() if self._waiting else ("", b"")
            result = self._work(prediction_id, data)
            if prediction_id:
                self._results[result].inc()
            with self._changed:
                self._waiting_bytes -= len(data)

    def _has_work(self) -> bool:
        return bool(self._waiting) or self._closed

    def _ended(self) -> bool:
        return self._closed and not self._waiting

    def _work(self, prediction_id: str, data: bytes) -> str:
        """Tidy and write; returns what came of it. The thread outlives whatever goes wrong."""
        try:
            self._tidy_when_due(len(data))
            if prediction_id and not self._has_room(len(data)):
                self._tell_trouble("disk_nearly_full")
                return "dropped"
            if prediction_id:
                self._images.put(prediction_id, data)
        except Exception as error:
            self._tell_trouble(type(error).__name__)
            return "failed"
        self._failing = False
        return "kept"

    def _has_room(self, size_bytes: int) -> bool:
        return self._images.free_bytes() - size_bytes >= self._leave_free_bytes

    def _tidy_when_due(self, added_bytes: int) -> None:
        """Stay near the bounds between cleanups, and where no worker does them."""
        self._bytes_until_tidy -= added_bytes
        if self._bytes_until_tidy > 0 and time.monotonic() < self._tidy_at:
            return
        self._bytes_until_tidy = self._images.max_bytes // 16
        self._tidy_at = time.monotonic() + _TIDY_SECONDS
        try:
            removed = self._images.remove_old()
        except HistoryUnavailableError:  # who knows which have a verdict is away: later, then
            return
        metrics.cleanup_removed.labels("image").inc(removed)

    def _tell_trouble(self, reason: str) -> None:
        if not self._failing:  # once, not for each picture
            log.warning("images_not_kept", reason=reason)
        self._failing = True
