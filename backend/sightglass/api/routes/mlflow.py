"""GET /mlflow/runs: what MLflow has of us, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.platform import RunList
from sightglass.errors import InvalidParameterError, MlflowUnavailableError

router = APIRouter(tags=["records"], dependencies=[requires(Scope.READ)])


@router.get(
    "/mlflow/runs",
    response_model=RunList,
    summary="Runs in MLflow, newest first",
    responses={
        **errors(InvalidParameterError, MlflowUnavailableError),
        200: example(examples.RUNS, "One run for each model version and hour."),
    },
)
def list_runs(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    model: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = None,
) -> Response:
    return json_response({"runs": services.mlflow.list_runs(limit, model)})
