"""Every ten seconds: what was counted since the last time becomes a step in Redis.

A thread of the API and of the worker; of those that share a metrics folder only one works. While
Redis is away the steps wait in memory, and go to their own place in time when it returns.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Collection
from pathlib import Path

import redis
import structlog

from sightglass.observability.activity.lead import Lead
from sightglass.observability.activity.store import (
    FINE,
    RESOLUTIONS,
    ActivityStore,
    Resolution,
    Step,
)
from sightglass.observability.activity.values import Values, increases, read_values
from sightglass.observability.scrape import RedisCollector

log = structlog.get_logger(__name__)

# After the end of a step, so that it is wholly in the past however coarse the clock.
_AFTER_SECONDS = 0.05


class ActivitySampler:
    """`levels` says what is seen only now: the lengths of `queues` together, the journal's age."""

    def __init__(
        self,
        store: ActivityStore,
        levels: RedisCollector,
        queues: Collection[str],
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._levels = levels
        self._queues = frozenset(queues)
        self._folder = folder
        self._clock = clock
        self._id = uuid.uuid4().hex[:12]
        self._lead = Lead(folder)
        self._last: Values | None = None
        self._last_at: float | None = None
        self._waiting: dict[tuple[Resolution, int], Step] = {}
        self._redis_away = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="activity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop, with a last sample: nobody else may be left to take it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._sample_and_go_on()
        self._lead.release()
        self._store.close()
        self._levels.close()

    def sample(self) -> None:
        """Take one sample, if this process leads. Raises `OSError` when the folder is gone."""
        if not self._lead.take():
            self._last = self._last_at = None
            return
        if self._last is None:
            self._last = self._lead.find_baseline()
        now, values = self._clock(), read_values(self._folder)
        if self._last is None:
            self._lead.keep_baseline(values)
        else:
            self._add(now, Step(increases(self._last, values), self._read_levels()))
        self._last, self._last_at = values, now
        if self._write(now):
            self._lead.keep_baseline(values)

    def _add(self, now: float, step: Step) -> None:
        began = now - FINE.seconds if self._last_at is None else self._last_at
        for resolution in RESOLUTIONS:
            place = resolution, resolution.start_of((began + now) / 2)
            self._waiting.setdefault(place, Step()).add(step)

    def _write(self, now: float) -> bool:
        """Whether Redis has all steps now. Those that are over are then forgotten here."""
        try:
            self._store.write(self._id, self._waiting, now)
        except (redis.RedisError, OSError) as error:
            if not self._redis_away:
                log.warning("activity_waits", reason=type(error).__name__)
            self._redis_away = True
            self._forget_before(now, lambda resolution: resolution.kept_seconds)
            return False
        self._redis_away = False
        self._forget_before(now, lambda resolution: resolution.seconds)
        return True

    def _forget_before(self, now: float, age_seconds: Callable[[Resolution], int]) -> None:
        for resolution, start in list(self._waiting):
            if start + age_seconds(resolution) <= now:
                del self._waiting[resolution, start]

    def _read_levels(self) -> Values:
        """Nothing while Redis is away."""
        levels: Values = {}
        for metric in self._levels.collect():
            for sample in metric.samples:
                if sample.name == "celery_queue_length" and sample.labels["queue"] in self._queues:
                    levels["queue_length"] = levels.get("queue_length", 0.0) + sample.value
                elif sample.name == "journal_lag_seconds":
                    levels["journal_lag_seconds"] = round(sample.value, 3)
        return levels

    def _run(self) -> None:
        while not self._stop.wait(self._seconds_to_next()):
            self._sample_and_go_on()

    def _seconds_to_next(self) -> float:
        return FINE.seconds - self._clock() % FINE.seconds + _AFTER_SECONDS

    def _sample_and_go_on(self) -> None:
        try:
            self.sample()
        except Exception as error:
            # A folder that is just removed, a file that is just made: the next sample has it all.
            log.warning("activity_not_sampled", reason=repr(error))


def shared_folder() -> Path | None:
    """The folder that this process and others count in; None when it counts for itself."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(name) if name else None
