"""The JSON of the platform itself: routes, model, health and the runs in MLflow."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from sightglass.api.schemas.base import Schema
from sightglass.api.schemas.predictions import ImageSize, ModelAnswer
from sightglass.engine.types import Task


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
