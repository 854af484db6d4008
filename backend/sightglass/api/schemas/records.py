"""The JSON of recorded predictions."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from sightglass.api.schemas.base import Schema
from sightglass.api.schemas.predictions import ClassificationAnswer, DetectionAnswer, ModelAnswer
from sightglass.api.schemas.verdicts import VerdictAnswer
from sightglass.predictions.record import Outcome, Source
from sightglass.predictions.verdict import VerdictValue


class PredictionImage(Schema):
    name: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    brightness: float | None = Field(None, description="Mean luma, 0 to 255.")
    sharpness: float | None = Field(None, description="Variance of the Laplacian of the luma.")


class MlflowPlace(Schema):
    """Where MLflow shows a prediction; null until it does."""

    run_id: str | None = None
    trace_id: str | None = None


class MlflowLinks(MlflowPlace):
    """With the addresses of the pages, null while MLflow's are not known."""

    run_url: str | None = None
    trace_url: str | None = None


class ErrorAnswer(Schema):
    code: str
    message: str


class OptionsAnswer(Schema):
    """What was asked for; null: as the model says."""

    confidence: float | None
    iou: float | None
    classes: list[int] | None
    max_detections: int | None


class PredictionSummary(Schema):
    """One recorded prediction, as lists show it."""

    id: str
    created_at: datetime
    source: Source
    outcome: Outcome
    error_code: str | None
    request_id: str | None
    task_id: str | None
    model: ModelAnswer
    image: PredictionImage
    num_instances: int
    classes: dict[str, int] = Field(description="How many objects of each class.")
    min_confidence: float | None
    mean_confidence: float | None
    max_confidence: float | None
    processing_time: float
    mlflow: MlflowPlace
    verdict: VerdictValue | None = Field(description="What a person said of it.")
    has_image: bool = Field(description="Whether its picture is kept.")


class PredictionRecord(Schema):
    """One recorded prediction in full."""

    id: str
    created_at: datetime
    source: Source
    outcome: Outcome
    error: ErrorAnswer | None
    request_id: str | None
    task_id: str | None
    model: ModelAnswer
    image: PredictionImage
    options: OptionsAnswer
    detections: list[DetectionAnswer]
    num_instances: int
    classifications: list[ClassificationAnswer]
    timings: dict[str, float]
    processing_time: float
    mlflow: MlflowLinks
    verdict: VerdictAnswer | None
    has_image: bool = Field(description="Whether its picture is kept.")


class PredictionPage(Schema):
    predictions: list[PredictionSummary]
    next_cursor: str | None = Field(
        None, description="Give it as `cursor` for the next page; null on the last one."
    )
