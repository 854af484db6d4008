"""The processes of the jobs room: the Celery worker, and beat with its schedule."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import prometheus_client
import structlog
from celery import Celery, signals
from celery.platforms import SecurityWarning
from prometheus_client.multiprocess import MultiProcessCollector

from sightglass.jobs import tasks
from sightglass.jobs.celery_app import create_celery, send_image_task
from sightglass.jobs.heartbeat import Heartbeat
from sightglass.jobs.image_task import ImagePredictor, ImageTask
from sightglass.jobs.leases import Leases, lease_seconds
from sightglass.jobs.maintenance import Maintenance
from sightglass.jobs.queue import QUEUES
from sightglass.jobs.schedule import schedule
from sightglass.jobs.task_store import TaskStore
from sightglass.settings import Settings

log = structlog.get_logger(__name__)

# Two lines for each task; our own line says more.
_TALKATIVE = ("celery.worker.strategy", "celery.app.trace", "celery.beat")


def run_worker(
    settings: Settings,
    predictor: ImagePredictor,
    *,
    concurrency: int,
    remove_old_history: Callable[[], int] = lambda: 0,
    remove_old_images: Callable[[], int] = lambda: 0,
) -> int:
    """Run queued tasks until SIGTERM or SIGINT; what runs then is finished first.

    `concurrency`: how many at once, in threads that share the one predictor. Returns the exit
    status. SIGKILL is fine too: other workers, or the next start, take over.
    """
    app = create_celery(settings)
    store = TaskStore.from_settings(settings)
    leases = Leases(store, lease_seconds(settings))
    images = ImageTask(
        predictor,
        store,
        leases,
        deadline_seconds=settings.task_deadline_seconds,
        max_attempts=settings.task_max_attempts,
    )
    send = functools.partial(send_image_task, app)
    maintenance = Maintenance(settings, store, send, remove_old_history, remove_old_images)
    tasks.register(app, images, maintenance)
    _show_metrics(settings.worker_metrics_port)
    with _alive(settings, "worker", leases):
        log.info("worker_started", concurrency=concurrency)
        return _serve(app, concurrency)


def run_beat(settings: Settings) -> None:
    """Send the scheduled tasks until SIGTERM or SIGINT. Run exactly one."""
    app = create_celery(settings)
    app.conf.beat_schedule = schedule(settings)
    # Changed or restarted often: a fresh look at Redis once a second is cheap.
    app.conf.beat_max_loop_interval = 1
    place = settings.state_dir / "run" / "beat-schedule"
    place.parent.mkdir(parents=True, exist_ok=True)
    _leave_logging_alone()
    with _alive(settings, "beat"):
        app.Beat(schedule=str(place), quiet=True, loglevel=settings.log_level).run()


def _serve(app: Celery, concurrency: int) -> int:
    _leave_logging_alone()
    worker = app.Worker(
        pool="threads",
        concurrency=concurrency,
        queues=list(QUEUES),
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


@contextlib.contextmanager
def _alive(settings: Settings, name: str, *threads: Leases) -> Iterator[None]:
    """Show signs of life, and run the threads, for as long as the process works."""
    running: list[Heartbeat | Leases] = [Heartbeat(settings.redis_url, name), *threads]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        for thread in running:
            thread.close()


def _show_metrics(port: int) -> None:
    """Answer scrapes, for a worker that shares no metrics folder with an API. 0: not wanted."""
    if not port:
        return
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = prometheus_client.CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    prometheus_client.start_http_server(port, registry=registry)


def _leave_logging_alone() -> None:
    """Celery configures logging unless somebody else says that it does."""
    signals.setup_logging.connect(_configured, weak=False)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns root of pickled messages; only JSON is accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)


def _configured(**_: Any) -> None:
    return None
