"""What beat has done from time to time: remove what expired, find what was lost, ask for health."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from sightglass.jobs.certificate import find_expiry
from sightglass.jobs.health import HealthChecks
from sightglass.jobs.queue import look_after_seconds
from sightglass.jobs.task_store import TaskStore
from sightglass.observability import metrics
from sightglass.settings import Settings

log = structlog.get_logger(__name__)


class Maintenance:
    """The bodies of the scheduled tasks. Each may be run at any time, and twice at once.

    `send` queues the message of a task in a lane; `remove_old_history` and `remove_old_images`
    remove predictions and kept pictures past their retention and say how many.
    """

    def __init__(
        self,
        settings: Settings,
        store: TaskStore,
        send: Callable[[str, int], None],
        remove_old_history: Callable[[], int],
        remove_old_images: Callable[[], int] = lambda: 0,
    ) -> None:
        self._settings = settings
        self._store = store
        self._send = send
        self._remove_old_history = remove_old_history
        self._remove_old_images = remove_old_images
        self._health = HealthChecks(settings)

    def close(self) -> None:
        """Give back the connections of the health checks."""
        self._health.close()

    def clean_up(self) -> None:
        """Remove expired blobs, the names of expired tasks, old history and old pictures."""
        steps: dict[str, Callable[[], int]] = {
            "blob": lambda: self._store.blobs.remove_older_than(
                self._settings.blob_retention_seconds
            ),
            "task": self._store.forget_expired,
            "prediction": self._remove_old_history,
            "image": self._remove_old_images,
        }
        for kind, step in steps.items():
            try:
                removed = step()
            except Exception:  # one that fails must not keep the others from their work
                log.exception("cleanup_failed", kind=kind)
                continue
            metrics.cleanup_removed.labels(kind).inc(removed)
            if removed:
                log.info("cleanup_removed", kind=kind, count=removed)

    def rescue(self) -> int:
        """Send again what was accepted and whose worker or message is gone."""
        again = 0
        for task_id in self._store.list_overdue():
            patience = look_after_seconds(self._settings)
            lane = self._store.reclaim(task_id, look_after_seconds=patience)
            if lane is not None:
                self._send(task_id, lane)
                again += 1
        if again:
            log.warning("tasks_rescued", count=again)
        return again

    def check_health(self) -> None:
        """Ask every service and keep the answers in Redis; look at the front door's certificate."""
        self._health.publish(self._health.check_all())
        if self._settings.tls_check_address:
            expires = find_expiry(self._settings.tls_check_address)
            if expires is not None:
                metrics.certificate_expires.set(expires)
