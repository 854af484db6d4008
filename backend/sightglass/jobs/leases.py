"""Keeps the tasks that this worker runs its own, for as long as the worker lives.

A lease that is not extended runs out, and the task is given to another worker: much sooner than
the broker's timeout, and also when that one has already delivered the message again in vain.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from sightglass.errors import QueueUnavailableError
from sightglass.jobs.task_store import TaskStore
from sightglass.settings import Settings

_LONGEST_LEASE_SECONDS = 15.0


def lease_seconds(settings: Settings) -> float:
    """Well under the broker's timeout, so that a task it delivers again is free to be taken."""
    return min(_LONGEST_LEASE_SECONDS, settings.task_visibility_timeout_seconds / 2)


class Leases:
    """A thread that extends the leases of the tasks in hand."""

    def __init__(self, store: TaskStore, seconds: float) -> None:
        self.seconds = seconds
        self._store = store
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextlib.contextmanager
    def holding(self, task_id: str) -> Iterator[None]:
        """Extend the lease of a claimed task until the block ends."""
        with self._lock:
            self._held.add(task_id)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(task_id)

    def _run(self) -> None:
        while not self._stop.wait(self.seconds / 3):
            with self._lock:
                held = tuple(self._held)
            for task_id in held:
                with contextlib.suppress(QueueUnavailableError):  # the next round tries again
                    self._store.extend(task_id, self.seconds)
