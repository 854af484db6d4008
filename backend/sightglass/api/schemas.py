"""The JSON that routes answer, as models for the OpenAPI schema (and the generated client)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sightglass.engine.types import Task
from sightglass.jobs.task_state import TaskStatus
from sightglass.predictions.record import Outcome, Source


class Schema(BaseModel):
    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())


class FieldProblem(Schema):
    field: str
    message: str


class Problem(Schema):
    """Problem details (RFC 9457), the shape of every error."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = Field(description="For people; may change.")
    code: str = Field(description="Stable; for programs.")
    request_id: str
    instance: str
    errors: list[FieldProblem] | None = Field(
        None, description="Each wrong parameter, for `invalid_parameter`."
    )


# --- predictions


class BoxAnswer(Schema):
    """Corners in pixels of the original, upright image."""

    x1: float
    y1: float
    x2: float
    y2: float


class MaskAnswer(Schema):
    polygons: list[list[tuple[float, float]]]


class DetectionAnswer(Schema):
    box: BoxAnswer
    class_id: int = Field(alias="class")
    name: str
    confidence: float = Field(ge=0, le=1)
    mask: MaskAnswer | None = None


class ClassificationAnswer(Schema):
    class_id: int = Field(alias="class")
    name: str
    confidence: float = Field(ge=0, le=1)


class ModelAnswer(Schema):
    name: str
    version: str


class ImageSize(Schema):
    width: int
    height: int


class PredictionAnswer(Schema):
    success: Literal[True]
    prediction_id: str
    detections: list[DetectionAnswer]
    num_instances: int
    classifications: list[ClassificationAnswer] | None = None
    processing_time: float = Field(description="Seconds from the first byte to the record.")
    timings: dict[str, float] = Field(description="Milliseconds of each stage.")
    model: ModelAnswer
    image: ImageSize | str = Field(
        description="Size of the upright image; with annotate=true the picture, base64 JPEG."
    )
    image_size: ImageSize


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
    mlflow: MlflowPlace


class OptionsAnswer(Schema):
    """What was asked for; null: as the model says."""

    confidence: float | None
    iou: float | None
    classes: list[int] | None
    max_detections: int | None


class ErrorAnswer(Schema):
    code: str
    message: str


class PredictionPage(Schema):
    predictions: list[PredictionSummary]
    next_cursor: str | None = Field(
        None, description="Give it as `cursor` for the next page; null on the last one."
    )


# --- tasks


class TaskAccepted(Schema):
    task_id: str
    status: Literal["processing"]
    message: str


class TaskAnswer(Schema):
    task_id: str
    status: TaskStatus
    progress: float = Field(ge=0, le=1)
    result: PredictionAnswer | None = None
    error: ErrorAnswer | None = None
    attempts: int
    image_name: str | None = None
    request_id: str | None = None
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class TaskList(Schema):
    tasks: list[TaskAnswer]


# --- the platform


class RouteAnswer(Schema):
    path: str
    method: str
    description: str


class RootAnswer(Schema):
    name: str
    version: str
    environment: str
    endpoints: dict[str, str]
    routes: list[RouteAnswer]


class ModelInfoAnswer(Schema):
    model_name: str
    version: str
    task: Task
    classes: list[str]
    input_size: ImageSize
    stride: int
    engine: str
    engine_version: str
    precision: str
    device: str
    streams: int
    thresholds: dict[str, float]
    sha256: str
    source: str
    license: str
    metrics: dict[str, float]
    memory_bytes: int
    input_shapes: list[ImageSize] = Field(description="Compiled now.")


class HealthStatus(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class ServiceAnswer(Schema):
    status: Literal["up", "down", "unknown"]
    detail: str | None = None
    ms: float | None = None


class HealthAnswer(Schema):
    status: HealthStatus
    timestamp: datetime
    version: str
    environment: str
    services: dict[str, ServiceAnswer]
    model_info: ModelAnswer | None = None


class ProbeAnswer(Schema):
    status: Literal["live", "ready"]


class RunAnswer(Schema):
    """A run of MLflow: the predictions of one model version in one hour."""

    run_id: str
    name: str | None
    status: str | None
    model: str | None
    version: str | None
    window_start: str | None
    start_time: datetime | None
    end_time: datetime | None
    metrics: dict[str, float | None]
    params: dict[str, str]
    url: str = Field(description="Where MLflow shows it.")


class RunList(Schema):
    runs: list[RunAnswer]
