"""The processes of the jobs room: the Celery worker, and beat with its schedule."""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import celery.apps.worker
import structlog
from celery import Celery, bootsteps, signals
from celery.platforms import SecurityWarning
from celery.worker.consumer import Events

from sightglass.jobs import names, tasks
from sightglass.jobs.celery_app import create_celery, send_image_task
from sightglass.jobs.heartbeat import Heartbeat
from sightglass.jobs.image_task import ImagePredictor, ImageTask
from sightglass.jobs.leases import Leases, lease_seconds
from sightglass.jobs.maintenance import Maintenance
from sightglass.jobs.schedule import schedule
from sightglass.jobs.task_store import TaskStore
from sightglass.observability.alive_file import AliveFile
from sightglass.observability.scrape import answer_scrapes
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
    answer_scrapes(settings.worker_metrics_port)
    with _alive(settings, "worker", leases):
        log.info("worker_started", concurrency=concurrency)
        return _serve(app, concurrency, tells=settings.celery_task_events)


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


def _serve(app: Celery, concurrency: int, *, tells: bool) -> int:
    """`tells`: of its tasks and, every two seconds, that it lives, to who watches (Flower)."""
    _leave_logging_alone()
    if tells:  # else there is no dispatcher
        app.steps["consumer"].add(TellsAtOnce)
    worker = app.Worker(
        pool="threads",
        concurrency=concurrency,
        queues=list(names.QUEUES),
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not tells,
    )
    worker.start()
    log.info("worker_stopped")
    return int(worker.exitcode or 0)


class TellsAtOnce(bootsteps.StartStopStep):  # type: ignore[misc]
    """Sends each event of a task as it happens.

    Celery gathers them and lets its event loop send them. Ours come from the pool's threads, which
    cannot wake that loop: the last one of a burst would wait for the next task.
    """

    requires = (Events,)

    def start(self, parent: Any) -> None:
        parent.event_dispatcher.buffer_group = frozenset()

    def stop(self, parent: Any) -> None:
        """Nothing to undo: each connection has a dispatcher of its own."""


@contextlib.contextmanager
def _alive(settings: Settings, name: str, *threads: Leases) -> Iterator[None]:
    """Show signs of life, and run the threads, for as long as the process works."""
    running: list[Heartbeat | AliveFile | Leases] = [
        Heartbeat(settings.redis_url, name),
        AliveFile(settings.alive_file),
        *threads,
    ]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        for thread in running:
            thread.close()


def _leave_logging_alone() -> None:
    """Celery configures logging unless somebody else says that it does."""
    signals.setup_logging.connect(_configured, weak=False)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It prints of its end in plain text, from a signal handler, where nothing can be logged.
    celery.apps.worker.safe_say = _say_nothing
    # It warns root of pickled messages; only JSON is accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)


def _say_nothing(*_: Any) -> None:
    return None


def _configured(**_: Any) -> None:
    return None
