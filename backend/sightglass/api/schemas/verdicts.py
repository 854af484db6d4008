"""The JSON of verdicts: what a person says of a prediction."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from sightglass.api.schemas.base import Schema
from sightglass.api.schemas.predictions import BoxAnswer
from sightglass.predictions.verdict import VerdictValue

_MAX_OBJECTS = 1000


class CorrectedObject(Schema):
    """One object as it should have been found; the box in pixels of the upright original."""

    box: BoxAnswer
    class_id: int = Field(alias="class", ge=0)


class VerdictObjectAnswer(CorrectedObject):
    name: str


class VerdictRequest(Schema):
    """A verdict replaces the one before it."""

    verdict: VerdictValue
    objects: Annotated[list[CorrectedObject], Field(max_length=_MAX_OBJECTS)] | None = Field(
        None, description="All objects that should have been found; null: nobody corrected them."
    )
    note: str | None = Field(None, max_length=2000)


class VerdictAnswer(Schema):
    verdict: VerdictValue
    objects: list[VerdictObjectAnswer] | None
    note: str | None
    created_at: datetime
    updated_at: datetime
