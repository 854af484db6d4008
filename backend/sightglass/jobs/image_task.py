"""What the worker does with a queued image: take up, predict, end. Celery calls it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from sightglass.errors import (
    QueueUnavailableError,
    RetryLaterError,
    SightglassError,
    WorkerLostError,
)
from sightglass.jobs import names
from sightglass.jobs.leases import Leases
from sightglass.jobs.task_store import Claim, TaskStore, Verdict
from sightglass.observability import metrics
from sightglass.predictions.answer import answer_of
from sightglass.predictions.record import Source
from sightglass.predictions.service import Answer, PredictionRequest

log = structlog.get_logger(__name__)

_METRIC = "process_image"
_INSIST_SECONDS = 60.0
T = TypeVar("T")


class ImagePredictor(Protocol):
    """What the task needs of `predictions.service.Predictor`."""

    def predict(self, data: bytes, request: PredictionRequest) -> Answer: ...

    def record_unstarted(self, request: PredictionRequest, error: SightglassError) -> None: ...


class ImageTask:
    """Runs one queued image. Safe to call from several threads, and again for the same id."""

    def __init__(
        self,
        predictor: ImagePredictor,
        store: TaskStore,
        leases: Leases,
        *,
        deadline_seconds: float,
        max_attempts: int,
    ) -> None:
        self._predictor = predictor
        self._store = store
        self._leases = leases
        self._deadline_seconds = deadline_seconds
        self._max_attempts = max_attempts
        for end in ("completed", "failed", "postponed"):
            # From zero on: Prometheus sees no increase in a counter that it first meets at six.
            metrics.tasks.labels(_METRIC, end)

    def run(self, task_id: str) -> None:
        """Bring the task to its end. What has ended, or another worker does, is left alone."""
        with bound_contextvars(task_id=task_id):
            try:
                self._take_up(task_id)
            except QueueUnavailableError:
                raise
            except Exception:  # Celery logs it too, when the id of the task is no longer bound
                log.exception("task_broken")
                raise

    def _take_up(self, task_id: str) -> None:
        claim = _insist(
            lambda: self._store.claim(
                task_id, lease_seconds=self._leases.seconds, max_attempts=self._max_attempts
            )
        )
        if claim.verdict is Verdict.EXHAUSTED:
            self._fail(task_id, WorkerLostError(), self._request(task_id, claim))
        elif claim.verdict is Verdict.CLAIMED:
            with self._leases.holding(task_id), bound_contextvars(**_facts(claim)):
                self._work(task_id, claim)
        else:
            log.info("task_not_taken", verdict=claim.verdict.value)

    def _work(self, task_id: str, claim: Claim) -> None:
        metrics.task_wait.labels(_METRIC).observe(claim.waited_seconds)
        request = self._request(task_id, claim)
        with metrics.task_duration.labels(_METRIC).time():
            try:
                data = self._store.blobs.get(names.upload_key(task_id))
                answer = self._predictor.predict(data, request)
                self._complete(task_id, answer)
            except RetryLaterError as error:
                self._try_again(task_id, claim, error)
            except SightglassError as error:
                self._fail(task_id, error)
            except Exception:
                log.exception("task_failed")
                self._fail(task_id, SightglassError())

    def _request(self, task_id: str, claim: Claim) -> PredictionRequest:
        now = time.monotonic()
        return PredictionRequest(
            source=Source.ASYNC,
            prediction_id=task_id,
            options=claim.job.options,
            image_name=claim.job.image_name,
            request_id=claim.job.request_id,
            task_id=task_id,
            deadline=now + self._deadline_seconds,
            submitted_at=now - claim.waited_seconds,
            annotate=claim.job.annotate,
        )

    def _complete(self, task_id: str, answer: Answer) -> None:
        result = answer_of(answer.prediction)
        counted = _insist(lambda: self._store.complete(task_id, result, answer.annotated))
        log.info(
            "task_completed" if counted else "task_had_ended",
            detections=len(answer.prediction.detections),
            ms=round(answer.prediction.total_milliseconds, 1),
        )

    def _try_again(self, task_id: str, claim: Claim, error: RetryLaterError) -> None:
        """Something that the task needs is away: leave it to be sent again, up to the limit."""
        if claim.attempts >= self._max_attempts:
            self._fail(task_id, error)
            return
        log.warning("task_postponed", code=error.code, attempts=claim.attempts)
        metrics.tasks.labels(_METRIC, "postponed").inc()
        pause = error.retry_after_seconds
        _insist(lambda: self._store.release(task_id, look_after_seconds=pause))

    def _fail(
        self, task_id: str, error: SightglassError, unrecorded: PredictionRequest | None = None
    ) -> None:
        if unrecorded is not None:
            self._predictor.record_unstarted(unrecorded, error)
        _insist(lambda: self._store.fail(task_id, error.code, error.message))
        log.warning("task_failed", code=error.code)


def _facts(claim: Claim) -> dict[str, str]:
    request_id = claim.job.request_id
    return {"request_id": request_id} if request_id else {}


def _insist(action: Callable[[], T]) -> T:
    """Redis may be restarting, and the work is done: try for a minute before giving it up.

    A task that is given up is found by its lease and run again.
    """
    until = time.monotonic() + _INSIST_SECONDS
    pause = 0.05
    while True:
        try:
            return action()
        except QueueUnavailableError:
            if time.monotonic() > until:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
