"""The names that a message, a queue or a key in Redis goes by: what processes agree upon."""

from __future__ import annotations

PROCESS_IMAGE = "sightglass.process_image"
CLEANUP = "sightglass.cleanup"
HEALTH_CHECK = "sightglass.health_check"
RESCUE = "sightglass.rescue"
TASKS = (PROCESS_IMAGE, CLEANUP, HEALTH_CHECK, RESCUE)

IMAGES_QUEUE = "images"
# Workers take from these in turn. A caller's tasks go to the lane of its key; 0 is for callers
# without one. More lanes would part more keys, and make each look into Redis a little dearer.
IMAGE_LANES = 8
IMAGE_QUEUES = (IMAGES_QUEUE, *(f"{IMAGES_QUEUE}.{lane}" for lane in range(1, IMAGE_LANES)))
MAINTENANCE_QUEUE = "maintenance"  # of its own, so that a long queue of images delays it little

TASK_EVENTS = "sightglass:task-events"  # channel: every change of a task, as JSON
TASK_INDEX = "sightglass:tasks"  # sorted set: ids by time of submission
OPEN_TASKS = "sightglass:tasks:open"  # sorted set: unfinished ids by the time to look after them
OPEN_BY_OWNER = "sightglass:tasks:open-by-owner"  # hash: unfinished tasks of each key
TAKEN_THROUGH = "sightglass:tasks:taken"  # hash: lane to submission time of its latest taken task
TASK_PACE = "sightglass:tasks:pace"  # hash: when a task last ended, mean seconds between ends
LAST_HEALTH = "sightglass:health"  # JSON of the last health check
LAST_BACKUP = "sightglass:backup:last"  # seconds since the epoch, when one was last written


QUEUES = (*IMAGE_QUEUES, MAINTENANCE_QUEUE)


def image_queue(lane: int) -> str:
    """The queue of a lane; any number is one."""
    return IMAGE_QUEUES[lane % IMAGE_LANES]


def task_key(task_id: str) -> str:
    """The hash of one task."""
    return f"sightglass:task:{task_id}"


def heartbeat_key(name: str) -> str:
    """Sorted set: the processes of this name by the time of their last sign of life."""
    return f"sightglass:heartbeats:{name}"


def upload_key(task_id: str) -> str:
    """The blob of a task's upload."""
    return task_id


def annotated_key(task_id: str) -> str:
    """The blob of a task's annotated picture."""
    return f"{task_id}.jpg"
