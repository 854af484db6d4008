"""The one way to a prediction: bytes in, a recorded prediction out.

The API, the Celery worker, the command line and the benchmark all call `Predictor.predict`. It
blocks; who calls it decides on which thread. Nothing here knows of HTTP or Celery.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from sightglass import intake
from sightglass.engine.annotate import annotate, encode_jpeg
from sightglass.engine.types import DetectOptions, EngineResult, ModelInfo
from sightglass.errors import (
    DeadlineExceededError,
    InferenceError,
    JournalUnavailableError,
    SightglassError,
)
from sightglass.observability import metrics
from sightglass.predictions.instruments import ModelInstruments
from sightglass.predictions.record import (
    ImageFacts,
    ModelRef,
    Outcome,
    Prediction,
    Source,
    new_prediction_id,
)

log = structlog.get_logger(__name__)


class Engine(Protocol):
    """What the service needs of `engine.detector.Detector`."""

    @property
    def input_size(self) -> int: ...

    @property
    def streams(self) -> int: ...

    def detect(
        self,
        pixels: NDArray[np.uint8],
        options: DetectOptions = ...,
        *,
        original_size: tuple[int, int] | None = None,
    ) -> EngineResult: ...

    def info(self) -> ModelInfo: ...


class Recorder(Protocol):
    """What the service needs of `predictions.journal.Journal`."""

    def append(self, prediction: Prediction) -> None: ...


class ImageSink(Protocol):
    """What the service needs of `predictions.image_keeper.ImageKeeper`."""

    def keep(self, prediction_id: str, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """What was asked. `submitted_at` and `deadline` are `time.monotonic()` seconds;
    `receive_milliseconds` is what the transport spent on getting the bytes.
    """

    source: Source
    prediction_id: str = field(default_factory=new_prediction_id)
    options: DetectOptions = field(default_factory=DetectOptions)
    image_name: str | None = None
    request_id: str | None = None
    task_id: str | None = None
    deadline: float | None = None
    submitted_at: float = field(default_factory=time.monotonic)
    receive_milliseconds: float = 0.0
    annotate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded prediction and, when asked for, the picture with its boxes as JPEG bytes."""

    prediction: Prediction
    annotated: bytes | None = None


class Predictor:
    """Decodes, detects and records. Safe to call from several threads."""

    def __init__(
        self,
        detector: Engine,
        limits: intake.IntakeLimits,
        journal: Recorder | None,
        *,
        journal_required: bool = True,
        images: ImageSink | None = None,
    ) -> None:
        self.detector = detector
        self._limits = limits
        self._journal = journal
        self._journal_required = journal_required
        self._images = images
        self._info = detector.info()
        self._model = ModelRef(self._info.name, self._info.version)
        self._instruments = ModelInstruments(self._info)
        # There from the start: `increase` does not see the step from nothing to one.
        self._lost = metrics.journal_appends.labels("lost")

    @property
    def streams(self) -> int:
        """How many images are worked on at once; more threads than this only wait."""
        return self.detector.streams

    def info(self) -> ModelInfo:
        """The served model, with the input shapes that are compiled now."""
        return self.detector.info()

    def predict(self, data: bytes, request: PredictionRequest) -> Answer:
        """Predict on the bytes of one image and record it before returning.

        Raises the errors of `intake` for bad input (nothing is recorded: nothing was
        predicted), `DeadlineExceededError` and `InferenceError` (recorded with that outcome),
        and `JournalUnavailableError` when the record could not be made durable.
        """
        attempt = _Attempt(request, self._model)
        attempt.check_deadline(self._give_up)
        frame = self._take_in(data, attempt)
        attempt.check_deadline(self._give_up)
        result = self._detect(frame, attempt)
        attempt.milliseconds.update(result.milliseconds)
        attempt.check_deadline(self._give_up)
        prediction = attempt.succeeded(result)
        annotated = None
        if request.annotate:
            annotated = self._drawn(data, frame, result)
        self._record(prediction)
        if self._images is not None:
            self._images.keep(prediction.id, data)
        return Answer(prediction, annotated)

    def record_unstarted(self, request: PredictionRequest, error: SightglassError) -> None:
        """Record a request that ran out of time before the engine could take it."""
        self._give_up(_Attempt(request, self._model), error)

    def _take_in(self, data: bytes, attempt: _Attempt) -> intake.Frame:
        started = time.perf_counter()
        try:
            frame = intake.decode(data, self._limits, target=self.detector.input_size)
        except SightglassError as error:
            metrics.file_uploads.labels("unknown", error.code).inc()
            raise
        brightness, sharpness = intake.quality(frame.pixels)
        attempt.milliseconds["decode"] = (time.perf_counter() - started) * 1000
        attempt.image = ImageFacts(
            name=attempt.request.image_name,
            width=frame.width,
            height=frame.height,
            format=frame.format,
            size_bytes=frame.size_bytes,
            sha256=frame.sha256,
            brightness=brightness,
            sharpness=sharpness,
        )
        metrics.file_uploads.labels(frame.format, "accepted").inc()
        metrics.file_upload_size.labels(frame.format).observe(frame.size_bytes)
        return frame

    def _detect(self, frame: intake.Frame, attempt: _Attempt) -> EngineResult:
        options = attempt.request.options
        size = (frame.width, frame.height)
        try:
            return self.detector.detect(frame.pixels, options, original_size=size)
        except SightglassError as error:
            self._give_up(attempt, error)
            raise
        except Exception as cause:
            log.exception("inference_failed", prediction_id=attempt.request.prediction_id)
            failure = InferenceError()
            self._give_up(attempt, failure)
            raise failure from cause

    def _drawn(self, data: bytes, frame: intake.Frame, result: EngineResult) -> bytes:
        """The picture in its own size: what the model got may be an eighth of it."""
        whole = frame if frame.reduction == 1 else intake.decode(data, self._limits)
        return encode_jpeg(annotate(whole.pixels, result, (frame.width, frame.height)))

    def _give_up(self, attempt: _Attempt, error: SightglassError) -> None:
        self._record(attempt.failed(error))

    def _record(self, prediction: Prediction) -> None:
        started = time.perf_counter()
        self._instruments.observe(prediction)
        if self._journal is None:
            return
        try:
            self._journal.append(prediction)
        except JournalUnavailableError:
            self._lost.inc()
            log.error("prediction_not_recorded", prediction_id=prediction.id)
            if self._journal_required:
                raise
        metrics.journal_append_duration.observe(time.perf_counter() - started)


class _Attempt:
    """What is known so far of one prediction."""

    def __init__(self, request: PredictionRequest, model: ModelRef) -> None:
        now = time.monotonic()
        queued = max(0.0, now - request.submitted_at)
        self.request = request
        self.image = ImageFacts(name=request.image_name)
        self.milliseconds = {"receive": request.receive_milliseconds, "queue": queued * 1000}
        self._model = model
        self._began = request.submitted_at - request.receive_milliseconds / 1000
        self._created_at = time.time() - (now - self._began)

    def check_deadline(self, give_up: Callable[[_Attempt, SightglassError], None]) -> None:
        deadline = self.request.deadline
        if deadline is not None and time.monotonic() > deadline:
            error = DeadlineExceededError()
            give_up(self, error)
            raise error

    def succeeded(self, result: EngineResult) -> Prediction:
        return replace(
            self._record(Outcome.SUCCEEDED),
            detections=result.detections,
            classifications=result.classifications,
        )

    def failed(self, error: SightglassError) -> Prediction:
        timed_out = isinstance(error, DeadlineExceededError)
        return replace(
            self._record(Outcome.TIMED_OUT if timed_out else Outcome.FAILED),
            error_code=error.code,
            error_message=error.message,
        )

    def _record(self, outcome: Outcome) -> Prediction:
        request = self.request
        return Prediction(
            id=request.prediction_id,
            created_at=self._created_at,
            source=request.source,
            model=self._model,
            image=self.image,
            options=request.options,
            outcome=outcome,
            request_id=request.request_id,
            task_id=request.task_id,
            milliseconds=self.milliseconds,
            total_milliseconds=(time.monotonic() - self._began) * 1000,
        )
