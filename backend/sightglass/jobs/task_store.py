"""The states of tasks, in Redis: one hash a task, changed by small scripts. Bytes are blobs.

The first end of a task is the one that counts, whatever is delivered again later. Every change is
published for `task_events`. An unfinished task never expires; its end does, after the retention.
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

import orjson
import redis

from sightglass.errors import (
    SightglassError,
    TaskFinishedError,
    TaskNotRetryableError,
    UnknownTaskError,
    UploadExpiredError,
)
from sightglass.jobs import names, task_scripts
from sightglass.jobs.connection import connect, reachable
from sightglass.jobs.task_state import (
    SUMMARY,
    ImageJob,
    TaskFailure,
    TaskState,
    TaskStatus,
    find_summary,
    state_of,
)
from sightglass.observability import metrics
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobStore, FolderBlobs

_LIST_STEP = 100


class Verdict(StrEnum):
    """What became of an attempt to take up a task."""

    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    FINAL = "final"
    HELD = "held"  # by a worker that is alive
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim; all but the verdict is meaningful for claimed and exhausted ones."""

    verdict: Verdict
    attempts: int = 0
    job: ImageJob = field(default_factory=ImageJob)
    waited_seconds: float = 0.0


class TaskStore:
    """Reads and changes task states. Safe to share between threads.

    Every method raises `QueueUnavailableError` when Redis cannot be reached.
    """

    def __init__(
        self, client: redis.Redis, blobs: BlobStore, *, retention_seconds: int = 86_400
    ) -> None:
        self.blobs = blobs
        self._redis = client
        self._retention = retention_seconds
        self._create = client.register_script(task_scripts.CREATE)
        self._forget = client.register_script(task_scripts.FORGET)
        self._claim = client.register_script(task_scripts.CLAIM)
        self._extend = client.register_script(task_scripts.EXTEND)
        self._progress = client.register_script(task_scripts.PROGRESS)
        self._end = client.register_script(task_scripts.END)
        self._release = client.register_script(task_scripts.RELEASE)
        self._reclaim = client.register_script(task_scripts.RECLAIM)

    @classmethod
    def from_settings(cls, settings: Settings) -> TaskStore:
        return cls(
            connect(settings.redis_url),
            FolderBlobs(settings.resolved_blob_dir),
            retention_seconds=settings.result_retention_seconds,
        )

    def close(self) -> None:
        self._redis.close()

    # --- submission

    def create(
        self,
        task_id: str,
        name: str,
        job: ImageJob,
        *,
        look_after_seconds: float,
        owner: str = "",
        lane: int = 0,
    ) -> None:
        """Mark the task as accepted. Comes before its message, so that none is unknown."""
        fields = {"name": name, "job": job.to_json(), "lane": str(lane)}
        if owner:
            fields["owner"] = owner
        if job.image_name is not None:
            fields["image_name"] = job.image_name
        if job.request_id is not None:
            fields["request_id"] = job.request_id
        pairs = [part for pair in fields.items() for part in pair]
        keys = [*self._task_and_open(task_id), names.OPEN_BY_OWNER, names.TASK_INDEX]
        with reachable():
            self._create(keys=keys, args=[task_id, look_after_seconds, *pairs])

    def forget(self, task_id: str) -> None:
        """Undo `create` for a task whose message was not sent."""
        keys = [*self._task_and_open(task_id), names.OPEN_BY_OWNER, names.TASK_INDEX]
        with reachable():
            self._forget(keys=keys, args=[task_id])

    def count_open(self, owner: str = "") -> tuple[int, int]:
        """How many tasks are accepted and not yet ended: all, and those of an owner with a name."""
        with reachable(), self._redis.pipeline(transaction=False) as pipe:
            pipe.zcard(names.OPEN_TASKS)
            if owner:
                pipe.hget(names.OPEN_BY_OWNER, owner)
            count, *own = pipe.execute()
        return int(count), int(own[0] or 0) if own else 0

    def seconds_between_ends(self) -> float:
        """The recent mean time from the end of one task to the end of the next."""
        with reachable():
            gap = cast("str | None", self._redis.hget(names.TASK_PACE, "gap"))
        return float(gap) if gap else 0.1

    # --- work

    def claim(self, task_id: str, *, lease_seconds: float, max_attempts: int) -> Claim:
        """Take up the task, for as long as the lease is extended."""
        keys = [*self._task_and_open(task_id), names.TAKEN_THROUGH]
        with reachable():
            answer: list[Any] = self._claim(keys=keys, args=[task_id, lease_seconds, max_attempts])
        if len(answer) == 1:
            return Claim(Verdict(answer[0]))
        verdict, attempts, job, waited = answer
        return Claim(Verdict(verdict), int(attempts), ImageJob.from_json(job), float(waited))

    def extend(self, task_id: str, lease_seconds: float) -> None:
        """Keep a task for longer; nothing happens when it has ended meanwhile."""
        with reachable():
            self._extend(keys=self._task_and_open(task_id), args=[task_id, lease_seconds])

    def progress(self, task_id: str, fraction: float) -> None:
        with reachable():
            self._progress(keys=[names.task_key(task_id)], args=[task_id, round(fraction, 4)])

    def complete(self, task_id: str, result: dict[str, Any], picture: bytes | None = None) -> bool:
        """End with a result and, kept beside it, an annotated picture as JPEG.

        False when the task had already ended. Raises `StorageFullError` before it has.
        """
        fields = ["progress", "1", "result", orjson.dumps(result).decode()]
        if picture is not None:
            self.blobs.put(names.annotated_key(task_id), picture)
            fields += ["annotated", "1"]
        return self._finish(task_id, TaskStatus.COMPLETED, fields) == ""

    def fail(self, task_id: str, code: str, message: str) -> bool:
        """End with an error; False when the task had already ended."""
        error = orjson.dumps(TaskFailure(code, message)).decode()
        return self._finish(task_id, TaskStatus.FAILED, ["error", error]) == ""

    def cancel(self, task_id: str) -> None:
        """End without a result. Raises `UnknownTaskError` and `TaskFinishedError`."""
        before = self._finish(task_id, TaskStatus.CANCELLED, ["error", ""])
        if before == "unknown":
            raise UnknownTaskError
        if before:
            raise TaskFinishedError(status=before)

    def release(self, task_id: str, *, look_after_seconds: float) -> None:
        """Give back a task that cannot be done now; `list_overdue` names it again then."""
        with reachable():
            self._release(keys=self._task_and_open(task_id), args=[task_id, look_after_seconds])

    # --- looking after what was lost

    def list_overdue(self, limit: int = 1000) -> list[str]:
        """Unfinished tasks that somebody should look after, longest overdue first."""
        with reachable():
            seconds, micros = self._redis.time()
            due = seconds + micros / 1e6
            found = self._redis.zrangebyscore(names.OPEN_TASKS, 0, due, start=0, num=limit)
        return cast("list[str]", found)

    def reclaim(self, task_id: str, *, look_after_seconds: float) -> int | None:
        """The lane of an overdue task whose message is lost and has to be sent again, else None."""
        keys = [*self._task_and_open(task_id), names.TAKEN_THROUGH, *names.IMAGE_QUEUES]
        with reachable():
            lane = int(self._reclaim(keys=keys, args=[task_id, look_after_seconds]))
        return None if lane < 0 else lane

    def forget_expired(self) -> int:
        """Take tasks whose state has expired out of the index; returns how many."""
        removed = 0
        with reachable():
            ids = [str(member) for member, _ in self._redis.zscan_iter(names.TASK_INDEX)]
            for start in range(0, len(ids), _LIST_STEP):
                removed += self._forget_missing(ids[start : start + _LIST_STEP])
        return removed

    # --- reading

    def get(self, task_id: str) -> TaskState:
        """The state; raises `UnknownTaskError`."""
        with reachable():
            fields = cast("dict[str, str]", self._redis.hgetall(names.task_key(task_id)))
        if "status" not in fields:
            raise UnknownTaskError
        state = state_of(task_id, fields)
        return self._with_picture(state) if "annotated" in fields else state

    def get_retryable(self, task_id: str) -> ImageJob:
        """The job of a task that failed or was cancelled, to be submitted again.

        Raises `UnknownTaskError`, and `TaskNotRetryableError` for a task in any other state.
        """
        with reachable():
            status, job = cast(
                "list[str | None]", self._redis.hmget(names.task_key(task_id), "status", "job")
            )
        if status is None:
            raise UnknownTaskError
        if status not in (TaskStatus.FAILED, TaskStatus.CANCELLED):
            raise TaskNotRetryableError(status=status)
        if job is None:  # it ended under a version that did not keep what a retry needs
            raise UploadExpiredError
        return ImageJob.from_json(job)

    def list_tasks(self, limit: int = 50, status: TaskStatus | None = None) -> list[TaskState]:
        """The newest tasks first, without their results."""
        found: list[TaskState] = []
        start = 0
        while len(found) < limit:
            page = self._page(start)
            if page is None:
                break
            found += [task for task in page if status is None or task.status is status]
            start += _LIST_STEP
        return found[:limit]

    def _page(self, start: int) -> list[TaskState] | None:
        with reachable():
            ids = cast(
                "list[str]",
                self._redis.zrevrange(names.TASK_INDEX, start, start + _LIST_STEP - 1),
            )
            if not ids:
                return None
            with self._redis.pipeline(transaction=False) as pipe:
                for task_id in ids:
                    pipe.hmget(names.task_key(task_id), SUMMARY)
                rows = pipe.execute()
        found = (find_summary(task_id, row) for task_id, row in zip(ids, rows, strict=True))
        return [state for state in found if state is not None]

    def _forget_missing(self, ids: list[str]) -> int:
        with self._redis.pipeline(transaction=False) as pipe:
            for task_id in ids:
                pipe.exists(names.task_key(task_id))
            known = pipe.execute()
        gone = [task_id for task_id, there in zip(ids, known, strict=True) if not there]
        return self._redis.zrem(names.TASK_INDEX, *gone) if gone else 0

    def _finish(self, task_id: str, status: TaskStatus, fields: list[str]) -> str:
        keys = [*self._task_and_open(task_id), names.OPEN_BY_OWNER, names.TASK_PACE]
        with reachable():
            args = [task_id, status.value, self._retention, *fields]
            before = cast("str", self._end(keys=keys, args=args))
        if not before:
            metrics.tasks.labels("process_image", status.value).inc()
            if status is TaskStatus.COMPLETED:  # the others may be tried again
                with contextlib.suppress(SightglassError):  # cleanup removes what stays
                    self.blobs.delete(names.upload_key(task_id))
        return before

    def _with_picture(self, state: TaskState) -> TaskState:
        try:
            picture = self.blobs.get(names.annotated_key(state.id))
        except SightglassError:  # expired before its task, or the folder is away
            return state
        image = base64.b64encode(picture).decode("ascii")
        return replace(state, result={**(state.result or {}), "image": image})

    @staticmethod
    def _task_and_open(task_id: str) -> list[str]:
        return [names.task_key(task_id), names.OPEN_TASKS]
