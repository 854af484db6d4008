"""The way in to the workers: what the API needs to submit an image and no more.

The order loses nothing: first the bytes, then the mark that the task is accepted, then its
message. What dies in between is found by `maintenance` and sent again, or expires.

Each task goes to the lane of its caller, and one caller cannot fill the queue for the others.
"""

from __future__ import annotations

import contextlib

from sightglass.engine.types import DetectOptions
from sightglass.errors import (
    OverloadedError,
    QueueUnavailableError,
    SightglassError,
    UploadExpiredError,
)
from sightglass.jobs import names
from sightglass.jobs.celery_app import create_celery, send_image_task
from sightglass.jobs.task_state import ImageJob
from sightglass.jobs.task_store import TaskStore
from sightglass.predictions.record import new_prediction_id
from sightglass.settings import Settings

_LONGEST_RETRY_SECONDS = 60.0


class JobQueue:
    """Submits and cancels tasks. Safe to share between threads; connects at its first use."""

    def __init__(self, settings: Settings, store: TaskStore | None = None) -> None:
        self.store = store or TaskStore.from_settings(settings)
        self._app = create_celery(settings)
        self._limit = settings.task_queue_limit
        self._look_after_seconds = look_after_seconds(settings)

    def submit_image(
        self,
        data: bytes,
        *,
        options: DetectOptions | None = None,
        image_name: str | None = None,
        request_id: str | None = None,
        annotate: bool = False,
        owner: str = "",
        lane: int = 0,
    ) -> str:
        """Queue the bytes of an image; returns the id of the task, which ends in any case.

        `owner` is the key's id, empty for callers without one; `lane` is where its tasks wait.
        Raises `OverloadedError`, `StorageFullError` and `QueueUnavailableError`: then the task
        was not accepted.
        """
        self._check_room(owner)
        task_id = new_prediction_id()
        lane %= names.IMAGE_LANES
        job = ImageJob(options or DetectOptions(), annotate, image_name, request_id)
        self.store.blobs.put(names.upload_key(task_id), data)
        try:
            self.store.create(
                task_id,
                names.PROCESS_IMAGE,
                job,
                look_after_seconds=self._look_after_seconds,
                owner=owner,
                lane=lane,
            )
            send_image_task(self._app, task_id, lane)
        except SightglassError:
            self._take_back(task_id)
            raise
        return task_id

    def retry(
        self, task_id: str, *, request_id: str | None = None, owner: str = "", lane: int = 0
    ) -> str:
        """Queue the image of a failed or cancelled task again; returns the id of a new task.

        A new one, because a task's id is that of its prediction, which is recorded already. It
        belongs to who tries again, whoever submitted the first.
        Raises `UnknownTaskError`, `TaskNotRetryableError`, `UploadExpiredError`, and what
        `submit_image` raises.
        """
        job = self.store.get_retryable(task_id)
        try:
            data = self.store.blobs.get(names.upload_key(task_id))
        except UploadExpiredError:
            raise UploadExpiredError("The upload of this task is no longer kept.") from None
        return self.submit_image(
            data,
            options=job.options,
            image_name=job.image_name,
            request_id=request_id,
            annotate=job.annotate,
            owner=owner,
            lane=lane,
        )

    def cancel(self, task_id: str) -> None:
        """End a task without a result. Raises `UnknownTaskError` and `TaskFinishedError`."""
        self.store.cancel(task_id)

    def depth(self) -> int:
        """How many tasks are accepted and have not ended."""
        return self.store.count_open()[0]

    def close(self) -> None:
        """Give back the connections."""
        self._app.pool.force_close_all()  # Celery's own close only forgets them
        self._app.close()
        self.store.close()

    def _check_room(self, owner: str) -> None:
        """An owner may hold as many places as it leaves free: alone half of them, and two that
        want all a third each. So there is always room for one more owner.
        """
        waiting, own = self.store.count_open(owner)
        if waiting + own < self._limit:
            return
        # Come back when a tenth of what waits is done, at the recent pace.
        seconds = self.store.seconds_between_ends() * waiting / 10
        full = waiting >= self._limit
        raise OverloadedError(
            "The queue of tasks is full." if full else "Your share of the queue of tasks is full.",
            retry_after_seconds=min(max(seconds, 1.0), _LONGEST_RETRY_SECONDS),
        )

    def _take_back(self, task_id: str) -> None:
        """The mark first: without it, a message that did get through is dropped."""
        with contextlib.suppress(QueueUnavailableError):
            self.store.forget(task_id)
        with contextlib.suppress(SightglassError):
            self.store.blobs.delete(names.upload_key(task_id))


def look_after_seconds(settings: Settings) -> float:
    """When to look for a task whose message may be lost: after Celery had its chance."""
    return settings.task_visibility_timeout_seconds * 1.5
