"""Flower over our Celery application: workers, tasks and queues as pages, and as /metrics.

It knows what workers tell by events (CELERY_TASK_EVENTS), and can change nothing: it is read only,
and our workers take no remote commands. Whoever reaches it sees ids of tasks, no pictures; put
nginx's operator login in front.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import structlog
import tornado.ioloop
from flower.app import Flower
from flower.command import extract_settings
from flower.options import default_options
from flower.urls import settings as page_settings

from sightglass.errors import SetupError
from sightglass.jobs import names
from sightglass.jobs.celery_app import create_celery
from sightglass.settings import Settings

log = structlog.get_logger(__name__)

_TASKS_IN_MEMORY = 10_000
_WORKERS_IN_MEMORY = 200
_FORGET_WORKER_SECONDS = 3600  # a worker of an older container has another name


class FlowerServer(Flower):  # type: ignore[misc]
    """Flower without its questions to workers, which ours would not answer."""

    def update_workers(self, workername: str | None = None) -> Any:
        """Nothing to ask; what is known came by events."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def start(self) -> None:
        self.events.start()
        self.started = True
        self.io_loop.start()


def run_flower(settings: Settings, host: str, port: int, url_prefix: str = "") -> None:
    """Serve until SIGTERM or SIGINT. `url_prefix`: the path that a proxy in front serves it
    under, and passes on. Raises `SetupError` when it cannot listen.
    """
    if not settings.celery_task_events:
        log.warning("task_events_off", reason="Workers tell nothing while CELERY_TASK_EVENTS=false")
    _configure(host, port, url_prefix.strip("/"))
    server = FlowerServer(capp=_named(settings), options=default_options, **page_settings)
    try:
        chosen = server.start_http_server()
    except OSError as error:
        raise SetupError(f"Cannot listen on {host}:{port} ({error.strerror}).") from None
    log.info("listening", url=f"http://{host}:{chosen}/{default_options.url_prefix or ''}")
    loop = tornado.ioloop.IOLoop.current()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(server.stop))
    server.start()
    log.info("stopped")


def _configure(host: str, port: int, url_prefix: str) -> None:
    options = default_options
    options.address, options.port = host, port
    options.url_prefix = url_prefix or None
    options.read_only = True
    options.persistent = False
    options.enable_events = False  # it would be by remote command; a setting does it
    options.max_tasks = _TASKS_IN_MEMORY
    options.max_workers = _WORKERS_IN_MEMORY
    options.purge_offline_workers = _FORGET_WORKER_SECONDS
    extract_settings()


def _named(settings: Settings) -> Any:
    """The application with the names of its tasks, which Flower lists."""
    app = create_celery(settings)
    for name in names.TASKS:
        app.task(_runs_elsewhere, name=name)
    return app


def _runs_elsewhere() -> None:
    raise NotImplementedError("Tasks run in workers.")
