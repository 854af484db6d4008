"""The tasks by name: each is one line into code that knows no Celery."""

from __future__ import annotations

from typing import Any

from celery import Celery

from sightglass.jobs import names
from sightglass.jobs.image_task import ImageTask
from sightglass.jobs.maintenance import Maintenance


def register(app: Celery, images: ImageTask, maintenance: Maintenance) -> None:
    """Give the worker's application its tasks."""
    tasks: dict[str, Any] = {
        names.PROCESS_IMAGE: images.run,
        names.CLEANUP: maintenance.clean_up,
        names.HEALTH_CHECK: maintenance.check_health,
        names.RESCUE: maintenance.rescue,
    }
    for name, body in tasks.items():
        app.task(_plain(body), name=name)


def _plain(body: Any) -> Any:
    """Celery wants a function to put attributes on, and a bound method takes none."""

    def run(*arguments: Any) -> None:
        body(*arguments)

    return run
