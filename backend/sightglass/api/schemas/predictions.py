"""The JSON of a prediction."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sightglass.api.schemas.base import Schema


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
