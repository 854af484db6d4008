"""GET /metrics: the numbers of every process, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from sightglass.api import examples
from sightglass.api.access import check_metrics_token, open_to_all
from sightglass.api.openapi import errors
from sightglass.errors import ApiKeyInvalidError, ApiKeyMissingError
from sightglass.observability.scrape import RedisCollector, exposition

router = APIRouter(
    tags=["platform"],
    dependencies=[
        open_to_all("METRICS_TOKEN and nginx guard it: Prometheus has no key"),
        Depends(check_metrics_token),
    ],
)


@router.get(
    "/metrics",
    response_class=Response,
    summary="Metrics in Prometheus text format",
    responses={
        **errors(ApiKeyMissingError, ApiKeyInvalidError),
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
