"""Makes a prediction durable before its answer leaves: a Redis stream, else a local spool file.

Redis writes its append-only file before it answers, except while an fsync is running: then the
write may wait for up to two seconds, and a killed Redis forgets what it has acknowledged. The
journal therefore remembers the last seconds and sends them again when it meets another server.
A record may so arrive twice; the history keeps it once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import redis
import structlog

from sightglass.errors import JournalUnavailableError
from sightglass.observability import metrics
from sightglass.predictions import record
from sightglass.predictions.record import Prediction
from sightglass.predictions.spool import Segment, Spool
from sightglass.predictions.stream import DEFAULT_STREAM, StreamWriter

log = structlog.get_logger(__name__)

REDIS_TIMEOUT_SECONDS = 0.25
_RETRY_SECONDS = 1.0  # a dead or hung Redis costs one request a second at most, not each
_TICK_SECONDS = 0.5
_ADOPT_SECONDS = 30.0
_REPLAY_AT_ONCE = 200
_REMEMBER_SECONDS = 4.0  # twice what Redis may hold back
_REMEMBER_BYTES = 16 << 20
_REDIS_TROUBLE = (redis.RedisError, OSError)


@dataclass(frozen=True, slots=True)
class JournalState:
    """For health and metrics. `spool_records` counts those of this process."""

    redis_ok: bool
    spool_bytes: int
    spool_records: int


class Journal:
    """Appends from any thread. `start` runs the replay in the background, `close` ends it."""

    def __init__(self, redis_url: str, spool_dir: Path, *, stream: str = DEFAULT_STREAM) -> None:
        self._spool = Spool(spool_dir)
        self._recent = _Recent()
        self._writer = StreamWriter(
            redis_url,
            stream,
            timeout_seconds=REDIS_TIMEOUT_SECONDS,
            on_new_server=self._save_recent,
        )
        self._redis_ok = True
        self._retry_at = 0.0
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopped = False
        self._to_redis = metrics.journal_appends.labels("redis")
        self._to_spool = metrics.journal_appends.labels("spool")

    def append(self, prediction: Prediction) -> None:
        """Durable when it returns: it survives SIGKILL of this process and of Redis.

        A power cut may cost up to about a second. Raises `JournalUnavailableError` when neither
        Redis nor the disk took the record.
        """
        data = record.encode(prediction)
        if self._redis_ok or time.monotonic() >= self._retry_at:
            try:
                self._writer.append(data)
            except _REDIS_TROUBLE as error:
                self._lose_redis(error)
            else:
                self._remember(data)
                self._to_redis.inc()
                return
        self._append_to_spool(data)

    def start(self) -> None:
        """Begin to replay in the background, also what dead processes left behind."""
        self._thread = threading.Thread(target=self._run, name="journal-replay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the background thread; what is still spooled stays for the next process."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._writer.close()
        self._spool.close()

    def state(self) -> JournalState:
        return JournalState(self._redis_ok, self._spool.waiting_bytes, self._spool.records)

    # --- the path of a request

    def _remember(self, data: bytes) -> None:
        if self._recent.add(data):
            self._wake.set()
        self._redis_ok = True

    def _append_to_spool(self, data: bytes) -> None:
        try:
            self._spool.append([data])
        except OSError as error:
            log.error("spool_failed", error=error.strerror or str(error))
            raise JournalUnavailableError from error
        self._to_spool.inc()
        self._wake.set()

    def _lose_redis(self, error: Exception) -> None:
        # With the thread running, requests leave it to the thread to find Redis again.
        waits = float("inf") if self._thread is not None else _RETRY_SECONDS
        self._retry_at = time.monotonic() + waits
        if self._redis_ok:
            self._redis_ok = False
            log.warning("journal_redis_lost", error=type(error).__name__)
        self._save_recent()
        self._wake.set()

    def _save_recent(self) -> None:
        """Spool what Redis acknowledged last: it may have died with it."""
        remembered = self._recent.take()
        if not remembered:
            return
        try:
            self._spool.append(remembered)
        except OSError as error:
            self._recent.put_back(remembered)
            log.error("spool_failed", error=error.strerror or str(error))
        self._wake.set()

    # --- the background

    def _run(self) -> None:
        adopt_at = 0.0
        while not self._stopped:
            self._wake.clear()
            try:
                if time.monotonic() >= adopt_at:
                    self._spool.adopt()
                    adopt_at = time.monotonic() + _ADOPT_SECONDS
                self._tick()
            except Exception:
                log.exception("journal_replay_failed")
            if self._is_quiet():
                self._wake.wait(_ADOPT_SECONDS)
            if not self._stopped:
                # Not the event: each append would end the wait.
                time.sleep(_TICK_SECONDS)

    def _is_quiet(self) -> bool:
        return self._redis_ok and self._spool.is_empty and not self._recent

    def _tick(self) -> None:
        if self._is_quiet():
            return
        self._sync()
        asked = time.monotonic()
        try:
            self._writer.ping()
            # The server that answered has had these for long enough to write them down.
            self._recent.forget(before=asked - _REMEMBER_SECONDS)
            for segment in self._spool.take():
                self._replay(segment)
            if self._spool.is_empty:
                self._find_redis()
        except _REDIS_TROUBLE as error:
            self._lose_redis(error)
        metrics.journal_spool_bytes.set(self._spool.waiting_bytes)

    def _find_redis(self) -> None:
        """Not at its first answer: a full one answers, and takes no record."""
        if not self._redis_ok:
            log.info("journal_redis_found")
        self._redis_ok = True

    def _sync(self) -> None:
        try:
            self._spool.sync()
        except OSError as error:
            log.error("spool_sync_failed", error=error.strerror or str(error))

    def _replay(self, segment: Segment) -> None:
        while not self._stopped:
            records, length = segment.read(_REPLAY_AT_ONCE)
            if not records:
                self._spool.done(segment)
                return
            self._writer.append_many(records)
            self._find_redis()
            segment.mark_replayed(length)
            self._spool.counted_out(len(records))


class _Recent:
    """The records of the last seconds, as long as Redis might still forget them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[tuple[float, bytes]] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, data: bytes) -> bool:
        """Remember one; True when it is the only one."""
        with self._lock:
            self._records.append((time.monotonic(), data))
            self._size += len(data)
            while self._size > _REMEMBER_BYTES and len(self._records) > 1:
                self._drop_oldest()
            return len(self._records) == 1

    def forget(self, before: float) -> None:
        with self._lock:
            while self._records and self._records[0][0] < before:
                self._drop_oldest()

    def take(self) -> list[bytes]:
        with self._lock:
            taken = [data for _, data in self._records]
            self._records.clear()
            self._size = 0
        return taken

    def put_back(self, records: Sequence[bytes]) -> None:
        now = time.monotonic()
        with self._lock:
            self._records.extendleft((now, data) for data in reversed(records))
            self._size += sum(map(len, records))

    def _drop_oldest(self) -> None:
        self._size -= len(self._records.popleft()[1])
