"""The Celery application: how messages travel so that none is lost.

A message is acknowledged after its task, and comes back when its worker dies. Task states and
results are ours (`task_store`); Celery only carries the ids.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu import Exchange, Queue
from kombu.exceptions import KombuError

from sightglass.errors import QueueUnavailableError
from sightglass.jobs import names
from sightglass.jobs.connection import CONNECT_SECONDS
from sightglass.settings import Settings

# Longer than the second for which a worker's blocking pop stays silent.
_BROKER_ANSWER_SECONDS = 5.0


def create_celery(settings: Settings) -> Celery:
    """An application that is connected to nothing yet."""
    app = Celery("sightglass", broker=settings.redis_url, set_as_current=False)
    app.conf.update(
        _delivery(settings),
        task_queues=[_queue(name) for name in names.QUEUES],
        task_default_queue=names.MAINTENANCE_QUEUE,
        task_routes={names.PROCESS_IMAGE: {"queue": names.IMAGES_QUEUE}},
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_publish_retry=False,
        task_serializer="json",
        accept_content=["json"],
        enable_utc=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # For Flower. Telling of a task costs a worker three small messages to Redis; the API
        # tells nothing, as it has its own metrics and its callers wait.
        worker_send_task_events=settings.celery_task_events,
        worker_enable_remote_control=False,
    )
    return app


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name, type="direct"), routing_key=name)


def _delivery(settings: Settings) -> dict[str, Any]:
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # Redis may be away for long
        "broker_transport_options": {
            "visibility_timeout": settings.task_visibility_timeout_seconds,
            # Without these two a lost message comes back after about 100 s, whatever the timeout.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            # What makes lanes fair: the queue that was served last comes last.
            "queue_order_strategy": "round_robin",
            "priority_steps": [0],  # we use none; each step is one more list for every queue
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": _BROKER_ANSWER_SECONDS,
            "socket_keepalive": True,
        },
    }


def send_image_task(app: Celery, task_id: str, lane: int = 0) -> None:
    """Queue the message of a task. Raises `QueueUnavailableError`."""
    queue = names.image_queue(lane)
    try:
        app.send_task(
            names.PROCESS_IMAGE, args=(task_id,), task_id=task_id, queue=queue, retry=False
        )
    except (KombuError, OSError) as error:
        raise QueueUnavailableError from error
