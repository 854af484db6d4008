"""The JSON of GET /activity: what the platform did, step by step."""

from __future__ import annotations

from pydantic import Field

from sightglass.api.schemas.base import Schema

Series = list[float | None]


class ActivityAnswer(Schema):
    """Equally long series over `times`; null: nothing is known of that step."""

    step_seconds: int
    times: list[int] = Field(description="Start of each step, seconds since 1970, oldest first.")
    requests: dict[str, Series] = Field(
        description="Requests a second: ok, client_error, refused (429 and 503), server_error."
    )
    predictions: dict[str, Series] = Field(description="Predictions a second, by outcome.")
    latency_ms: dict[str, Series] = Field(
        description="p50, p95 and p99 of predictions, from the first byte to the record."
    )
    stage_ms: dict[str, Series] = Field(description="Mean of each stage of predictions.")
    classes: dict[str, Series] = Field(
        description="Objects a second, of the 30 classes most seen, most first."
    )
    confidence: Series = Field(description="Mean confidence of the objects found.")
    confidence_counts: list[float] = Field(
        description="Objects in each tenth of the confidence, over the whole time."
    )
    queue_length: Series = Field(description="Most images seen waiting for a worker.")
    journal_lag_seconds: Series = Field(
        description="Highest age seen of the oldest unread journal entry."
    )
