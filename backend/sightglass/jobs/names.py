"""The names that a message, a queue or a key in Redis goes by: what processes agree upon."""

from __future__ import annotations

PROCESS_IMAGE = "sightglass.process_image"
CLEANUP = "sightglass.cleanup"
HEALTH_CHECK = "sightglass.health_check"
RESCUE = "sightglass.rescue"

IMAGES_QUEUE = "images"
MAINTENANCE_QUEUE = "maintenance"  # of its own, so that a long queue of images delays it little

TASK_EVENTS = "sightglass:task-events"  # channel: every change of a task, as JSON
TASK_INDEX = "sightglass:tasks"  # sorted set: ids by time of submission
OPEN_TASKS = "sightglass:tasks:open"  # sorted set: unfinished ids by the time to look after them
TAKEN_THROUGH = "sightglass:tasks:taken-through"  # submission time of the latest task taken up
TASK_PACE = "sightglass:tasks:pace"  # hash: when a task last ended, mean seconds between ends
LAST_HEALTH = "sightglass:health"  # JSON of the last health check


def task_key(task_id: str) -> str:
    """The hash of one task."""
    return f"sightglass:task:{task_id}"


def heartbeat_key(name: str) -> str:
    """Set, and expiring soon, while a process of this name lives."""
    return f"sightglass:heartbeat:{name}"


def upload_key(task_id: str) -> str:
    """The blob of a task's upload."""
    return task_id


def annotated_key(task_id: str) -> str:
    """The blob of a task's annotated picture."""
    return f"{task_id}.jpg"
