"""GET /metrics: the numbers of every process, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightglass.api import examples
from sightglass.api.openapi import errors
from sightglass.observability.scrape import RedisCollector, exposition

router = APIRouter(tags=["platform"])


@router.get(
    "/metrics",
    response_class=Response,
    summary="Metrics in Prometheus text format",
    responses={
        **errors(),
        200: {
            "description": "Prometheus text format; OpenMetrics when Accept asks for it.",
            "content": {
                media_type: {"schema": {"type": "string"}, "example": examples.METRICS}
                for media_type in ("text/plain", "application/openmetrics-text")
            },
        },
    },
)
def show_metrics(request: Request) -> Response:
    collector: RedisCollector = request.app.state.redis_collector
    body, content_type = exposition(request.headers.get("accept", ""), collector)
    return Response(body, headers={"Content-Type": content_type})
