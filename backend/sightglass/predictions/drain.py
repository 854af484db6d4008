"""Takes predictions from the Redis stream into the SQL history; a process of its own.

A record leaves the stream only after the SQL transaction that holds it: whatever dies in
between, the record comes again and the history keeps it once. MLflow is fed from the history
(`sinks.mlflow_export`, on a thread of this process), so that its absence never fills Redis.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.errors import HistoryUnavailableError
from sightglass.observability import metrics
from sightglass.predictions import record
from sightglass.predictions.history import History, RecordRefusedError
from sightglass.predictions.record import Prediction
from sightglass.predictions.stream import DEFAULT_STREAM, RECORD_FIELD

log = structlog.get_logger(__name__)

GROUP = "history"
_BATCH = 500
_BLOCK_SECONDS = 1.0
# Wait a little between reads: a commit for each single prediction would cost more than serving.
_GATHER_SECONDS = 0.25
_ABANDONED_SECONDS = 15.0  # a consumer that holds records so long is taken for dead
_MEASURE_SECONDS = 2.0
_MAX_PAUSE_SECONDS = 5.0

# What a calendar and a trace can hold; a record beyond would stop the export to MLflow for ever.
_YEAR_10000 = 253_402_300_800.0
_LONGEST_MILLISECONDS = 1e12

Entry = tuple[bytes, dict[bytes, bytes]]


class Export(Protocol):
    """What runs beside the drain and hands the history on."""

    def run_forever(self, stop: threading.Event) -> None: ...


class Drain:
    """One consumer of the stream. Several may run, on one machine or on many."""

    def __init__(
        self,
        redis_url: str,
        history: History,
        export: Export | None = None,
        *,
        stream: str = DEFAULT_STREAM,
        consumer: str | None = None,
    ) -> None:
        self._redis = redis.Redis.from_url(
            redis_url,
            protocol=2,
            socket_connect_timeout=1.0,
            socket_timeout=_BLOCK_SECONDS + 5.0,
            retry=Retry(NoBackoff(), 0),
        )
        self._history = history
        self._export = export
        self._stream = stream
        # The same name after a restart, so that what it had read is its own again at once.
        self._consumer = consumer or socket.gethostname()
        self._owes = True  # entries were delivered to us and not acknowledged yet
        self._look_for_abandoned_at = 0.0
        self._measure_at = 0.0
        self._failing = False
        # There from the start: `increase` does not see the step from nothing to one.
        self._rejected = metrics.drain_predictions.labels("rejected")

    def run_forever(self, stop: threading.Event, *, niceness: int = 10) -> None:
        """Until `stop` is set. Serving goes first: the process steps back by `niceness`."""
        os.nice(niceness)
        exporter = self._start_export(stop)
        pause = 0.0
        while not stop.wait(pause):
            try:
                taken = self.run_once(wait_seconds=_BLOCK_SECONDS)
                self._measure()
                self._recovered()
                pause = 0.0 if taken in (0, _BATCH) else _GATHER_SECONDS
            except Exception as error:
                self._failed(error)
                pause = min(_MAX_PAUSE_SECONDS, 2 * pause or 0.5)
        if exporter is not None:
            exporter.join(timeout=5)  # a batch that is cut off is sent again
        self._redis.close()

    def run_once(self, *, wait_seconds: float = 0.0) -> int:
        """Take one batch over; returns how many entries.

        Raises `redis.RedisError` and `HistoryUnavailableError`; nothing is lost by either.
        """
        entries = self._next(wait_seconds)
        if not entries:
            return 0
        owed, self._owes = self._owes, True
        self._store(entries)
        self._acknowledge([entry_id for entry_id, _ in entries])
        self._owes = owed
        return len(entries)

    # --- reading

    def _next(self, wait_seconds: float) -> list[Entry]:
        if self._owes:
            entries = self._read("0")
            if entries:
                return entries
            self._owes = False
        if time.monotonic() >= self._look_for_abandoned_at:
            entries = self._claim_abandoned()
            if entries:
                return entries
            self._look_for_abandoned_at = time.monotonic() + _ABANDONED_SECONDS
        return self._read(">", wait_seconds)

    def _read(self, position: str, wait_seconds: float = 0.0) -> list[Entry]:
        answer: Any = self._with_group(
            lambda: self._redis.xreadgroup(
                GROUP,
                self._consumer,
                {self._stream: position},
                count=_BATCH,
                block=int(wait_seconds * 1000) or None,
            )
        )
        return list(answer[0][1]) if answer else []

    def _claim_abandoned(self) -> list[Entry]:
        answer: Any = self._with_group(
            lambda: self._redis.xautoclaim(
                self._stream,
                GROUP,
                self._consumer,
                min_idle_time=int(_ABANDONED_SECONDS * 1000),
                count=_BATCH,
            )
        )
        return [(entry_id, fields) for entry_id, fields in answer[1] if entry_id is not None]

    def _with_group(self, ask: Callable[[], Any]) -> Any:
        """Ask; when Redis has lost its data, make the group anew and ask again."""
        try:
            return ask()
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
        try:
            self._redis.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        return ask()

    # --- handing on

    def _store(self, entries: Sequence[Entry]) -> None:
        batch: dict[bytes, Prediction] = {}
        for _, fields in entries:
            raw = (fields or {}).get(RECORD_FIELD, b"")
            try:
                batch[raw] = _parse(raw)
            except ValueError as error:
                if raw:  # else: deleted by someone else while it was pending
                    self._reject(raw, str(error))
        try:
            new = self._history.add(list(batch.values()))
        except RecordRefusedError:
            new = sum(self._add_alone(*each) for each in batch.items())
        metrics.drain_predictions.labels("history").inc(new)
        for stored in batch.values():
            log.debug("prediction_stored", prediction_id=stored.id, request_id=stored.request_id)

    def _add_alone(self, raw: bytes, prediction: Prediction) -> int:
        """One at a time, to find the record that the database refuses."""
        try:
            return self._history.add([prediction])
        except RecordRefusedError as error:
            self._reject(raw, f"the database refused it: {error}")
            return 0

    def _reject(self, raw: bytes, reason: str) -> None:
        self._history.reject(raw, reason)
        self._rejected.inc()
        log.error("record_rejected", size_bytes=len(raw), reason=reason.partition("\n")[0])

    def _acknowledge(self, ids: Sequence[bytes]) -> None:
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(self._stream, GROUP, *ids)
            pipeline.xdel(self._stream, *ids)
            pipeline.execute()

    # --- around it

    def _start_export(self, stop: threading.Event) -> threading.Thread | None:
        if self._export is None:
            return None
        thread = threading.Thread(
            target=self._export.run_forever, args=(stop,), name="mlflow-export", daemon=True
        )
        thread.start()
        return thread

    def _measure(self) -> None:
        if time.monotonic() < self._measure_at:
            return
        self._measure_at = time.monotonic() + _MEASURE_SECONDS
        oldest: Any = self._redis.xrange(self._stream, count=1)
        lag = 0.0
        if oldest:
            milliseconds = int(oldest[0][0].partition(b"-")[0])
            lag = max(0.0, time.time() - milliseconds / 1000)
        metrics.drain_lag.labels("history").set(lag)
        metrics.drain_backlog.labels("history").set(int(self._redis.xlen(self._stream)))

    def _failed(self, error: Exception) -> None:
        metrics.drain_errors.labels("history").inc()
        expected = isinstance(error, redis.RedisError | HistoryUnavailableError | OSError)
        if not expected:
            log.exception("drain_failed")
        elif not self._failing:
            log.warning("drain_interrupted", error=type(error).__name__)
        self._failing = True

    def _recovered(self) -> None:
        if self._failing:
            log.info("drain_resumed")
        self._failing = False


def _parse(raw: bytes) -> Prediction:
    prediction = record.decode(raw)
    if not re.fullmatch(r"[0-9a-f]{32}", prediction.id):
        raise ValueError("its id is not 32 hex digits")
    durations = (prediction.total_milliseconds, *prediction.milliseconds.values())
    if not 0 <= prediction.created_at < _YEAR_10000 or any(
        abs(milliseconds) > _LONGEST_MILLISECONDS for milliseconds in durations
    ):
        raise ValueError("its times are impossible")
    return prediction
