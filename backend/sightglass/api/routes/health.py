"""Health for people and dashboards, and two probes for whatever restarts and routes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from sightglass.api import examples
from sightglass.api.access import may_see_details, open_to_all
from sightglass.api.deps import ServicesDep
from sightglass.api.health_report import HealthReport
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.platform import HealthAnswer, HealthStatus, ProbeAnswer
from sightglass.errors import ModelUnavailableError, ShuttingDownError

router = APIRouter(
    tags=["platform"],
    dependencies=[open_to_all("probes and load balancers have no key; details want `read`")],
)


@router.get(
    "/health",
    response_model=HealthAnswer,
    summary="State of the platform and of each service",
    responses={
        **errors(),
        200: example(examples.HEALTH, "A model is served; other services may be away."),
        503: {"model": HealthAnswer, **example(examples.UNHEALTHY, "No model is served.")},
    },
)
async def show_health(request: Request, services: ServicesDep) -> Response:
    report: HealthReport = request.app.state.health
    answer = await report.get()
    if not await may_see_details(request, services):
        answer = {**answer, "services": {}, "model_info": None}
    unhealthy = answer["status"] == HealthStatus.UNHEALTHY
    return json_response(answer, status_code=503 if unhealthy else 200)


@router.get(
    "/health/live",
    summary="Whether the process runs",
    responses={**errors(), 200: example({"status": "live"}, "It does.")},
)
async def show_live() -> ProbeAnswer:
    return ProbeAnswer(status="live")


@router.get(
    "/health/ready",
    summary="Whether a model is loaded",
    responses={
        **errors(ModelUnavailableError, ShuttingDownError),
        200: example({"status": "ready"}, "It is."),
    },
)
async def show_ready(request: Request, services: ServicesDep) -> ProbeAnswer:
    if request.app.state.shutting_down:
        raise ShuttingDownError
    services.get_predictor()
    return ProbeAnswer(status="ready")
