"""GET /activity: what the platform did, step by step, for charts that need no Grafana."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.activity_report import ActivityReport
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.activity import ActivityAnswer
from sightglass.errors import InvalidParameterError, QueueUnavailableError

router = APIRouter(tags=["platform"], dependencies=[requires(Scope.READ)])


@router.get(
    "/activity",
    response_model=ActivityAnswer,
    summary="Requests, latency, queue and classes over time",
    responses={
        **errors(InvalidParameterError, QueueUnavailableError),
        200: example(examples.ACTIVITY, "Equally long series."),
    },
)
def show_activity(
    request: Request,
    minutes: Annotated[int, Query(ge=5, le=1440, description="How far back to look.")] = 60,
) -> Response:
    report: ActivityReport = request.app.state.activity
    return json_response(report.get(minutes))
