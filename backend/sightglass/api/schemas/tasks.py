"""The JSON of queued images."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from sightglass.api.schemas.base import Schema
from sightglass.api.schemas.predictions import PredictionAnswer
from sightglass.api.schemas.records import ErrorAnswer
from sightglass.jobs.task_state import TaskStatus


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
