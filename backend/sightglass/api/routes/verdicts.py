"""PUT and DELETE /predictions/{id}/verdict: what a person says of a prediction."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Body
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.verdicts import CorrectedObject, VerdictAnswer, VerdictRequest
from sightglass.api.services import Services
from sightglass.api.small_body import SmallBodyRoute
from sightglass.api.verdict_answer import verdict_fields
from sightglass.engine.types import Box
from sightglass.errors import (
    HistoryUnavailableError,
    InvalidParameterError,
    TooManyBytesError,
    UnknownPredictionError,
    UploadTimeoutError,
)
from sightglass.predictions import record
from sightglass.predictions.record import Prediction, id_age_seconds, is_prediction_id
from sightglass.predictions.verdict import VerdictObject, check_object

router = APIRouter(
    tags=["records"], route_class=SmallBodyRoute, dependencies=[requires(Scope.DETECT)]
)
# The drain takes about half a second to bring a prediction into the history. A queued image has
# its id from when it was sent, and may have waited for minutes.
_ARRIVAL_SECONDS = 2.0
_RECENT_SECONDS = 600.0
_FIRST_PAUSE_SECONDS = 0.1


@router.put(
    "/predictions/{prediction_id}/verdict",
    response_model=VerdictAnswer,
    summary="Mark a prediction right or wrong, and correct its objects",
    responses={
        **errors(
            *(UnknownPredictionError, InvalidParameterError, HistoryUnavailableError),
            *(TooManyBytesError, UploadTimeoutError),
        ),
        200: example(examples.VERDICT, "The verdict as it is kept."),
    },
)
async def put_verdict(
    prediction_id: str,
    services: ServicesDep,
    verdict: Annotated[VerdictRequest, Body(examples=[examples.VERDICT_REQUEST])],
) -> Response:
    prediction = await _get_recorded(services, prediction_id)
    objects = _checked(verdict.objects, prediction, services)
    kept = await run_in_threadpool(
        services.verdicts.put, prediction_id, verdict.verdict, objects, verdict.note
    )
    return json_response(verdict_fields(kept))


@router.delete(
    "/predictions/{prediction_id}/verdict",
    status_code=204,
    summary="Take a verdict back",
    responses={
        **errors(UnknownPredictionError, InvalidParameterError, HistoryUnavailableError),
    },
)
def delete_verdict(prediction_id: str, services: ServicesDep) -> Response:
    if not is_prediction_id(prediction_id):
        raise UnknownPredictionError
    services.verdicts.remove(prediction_id)
    return Response(status_code=204)


async def _get_recorded(services: Services, prediction_id: str) -> Prediction:
    """The prediction, waited for when it was made just now. Raises `UnknownPredictionError`."""
    if not is_prediction_id(prediction_id):
        raise UnknownPredictionError
    recent = abs(id_age_seconds(prediction_id)) < _RECENT_SECONDS
    give_up_at = time.monotonic() + (_ARRIVAL_SECONDS if recent else 0.0)
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            fields = await run_in_threadpool(services.history.get_prediction, prediction_id)
        except UnknownPredictionError:
            if time.monotonic() >= give_up_at:
                raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _ARRIVAL_SECONDS / 4)
        else:
            return _decoded(fields)


def _decoded(fields: dict[str, Any]) -> Prediction:
    return record.decode_fields({name: fields[name] for name in fields if name != "mlflow"})


def _checked(
    objects: list[CorrectedObject] | None, prediction: Prediction, services: Services
) -> tuple[VerdictObject, ...] | None:
    if objects is None:
        return None
    names = _class_names(prediction, services)
    return tuple(
        check_object(place, Box(**one.box.model_dump()), one.class_id, prediction.image, names)
        for place, one in enumerate(objects)
    )


def _class_names(prediction: Prediction, services: Services) -> dict[int, str]:
    """All classes of the model when it is the one that is served, else those in the record."""
    if services.predictor is not None:
        info = services.predictor.info()
        if (info.name, info.version) == (prediction.model.name, prediction.model.version):
            return dict(enumerate(info.classes))
    names = {one.class_id: one.name for one in prediction.classifications}
    return names | {one.class_id: one.name for one in prediction.detections}
