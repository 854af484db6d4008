"""GET /predictions: the history, newest first, with filters; and one record in full."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.iso_time import to_epoch, to_iso
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.records import PredictionPage, PredictionRecord
from sightglass.api.verdict_answer import verdict_fields
from sightglass.errors import (
    HistoryUnavailableError,
    InvalidParameterError,
    UnknownPredictionError,
)
from sightglass.predictions import record
from sightglass.predictions.answer import answer_of
from sightglass.predictions.history import MAX_PAGE
from sightglass.predictions.history_filter import HistoryFilter
from sightglass.predictions.record import Outcome, Source, is_prediction_id
from sightglass.predictions.verdict import VerdictFilter

router = APIRouter(tags=["records"], dependencies=[requires(Scope.READ)])
# No control characters: a database may refuse them.
_Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


async def history_filter(
    model: _Name = None,
    version: _Name = None,
    class_name: Annotated[
        str | None,
        Query(
            alias="class",
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="At least one object of this class was seen.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        Query(description="ISO 8601 (UTC when no zone is given) or seconds since 1970; inclusive."),
    ] = None,
    until: Annotated[datetime | None, Query(description="As `since`; exclusive.")] = None,
    outcome: Outcome | None = None,
    source: Source | None = None,
    lowest_confidence: Annotated[
        float | None,
        Query(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="The least confident object is below this: worth a second look.",
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        Query(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="The most confident object is at least this.",
        ),
    ] = None,
    verdict: Annotated[
        VerdictFilter | None, Query(description="What a person said of it; none: nobody did.")
    ] = None,
) -> HistoryFilter:
    return HistoryFilter(
        model=model,
        version=version,
        class_name=class_name,
        since=to_epoch(since) if since else None,
        until=to_epoch(until) if until else None,
        outcome=outcome,
        source=source,
        lowest_confidence_below=lowest_confidence,
        min_confidence=min_confidence,
        verdict=verdict,
    )


@router.get(
    "/predictions",
    response_model=PredictionPage,
    summary="Recorded predictions, newest first",
    responses={
        **errors(InvalidParameterError, HistoryUnavailableError),
        200: example(examples.PREDICTIONS, "One page."),
    },
)
def list_predictions(
    services: ServicesDep,
    wanted: Annotated[HistoryFilter, Depends(history_filter)],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the page before.")
    ] = None,
) -> Response:
    page = services.history.list_predictions(wanted, limit, cursor)
    items = [
        {**_summary(item), "has_image": services.kept_images.has(item["id"])} for item in page.items
    ]
    return json_response({"predictions": items, "next_cursor": page.next_cursor})


@router.get(
    "/predictions/{prediction_id}",
    response_model=PredictionRecord,
    summary="One recorded prediction",
    responses={
        **errors(UnknownPredictionError, InvalidParameterError, HistoryUnavailableError),
        200: example(examples.RECORD, "The whole record."),
    },
)
def show_prediction(prediction_id: str, services: ServicesDep) -> Response:
    if not is_prediction_id(prediction_id):
        raise UnknownPredictionError
    answer = _full(services.history.get_prediction(prediction_id))
    place = answer["mlflow"]
    run_url, trace_url = services.mlflow.find_links(place["run_id"], place["trace_id"])
    answer["mlflow"] = {**place, "run_url": run_url, "trace_url": trace_url}
    verdict = services.verdicts.find(prediction_id)
    answer["verdict"] = verdict_fields(verdict) if verdict else None
    answer["has_image"] = services.kept_images.has(prediction_id)
    return json_response(answer)


def _summary(item: dict[str, Any]) -> dict[str, Any]:
    fields = dict(item)
    fields["created_at"] = to_iso(item["created_at"])
    fields["processing_time"] = round(fields.pop("total_milliseconds") / 1000, 6)
    fields["num_instances"] = fields.pop("num_detections")
    return fields


def _full(fields: dict[str, Any]) -> dict[str, Any]:
    """The record with its objects in the shape of POST /process-image."""
    mlflow = fields.pop("mlflow")
    prediction = record.decode_fields(fields)
    answer = answer_of(prediction)
    error = {"code": prediction.error_code, "message": prediction.error_message}
    return {
        "id": prediction.id,
        "created_at": to_iso(prediction.created_at),
        "source": prediction.source,
        "outcome": prediction.outcome,
        "error": error if prediction.error_code else None,
        "request_id": prediction.request_id,
        "task_id": prediction.task_id,
        "model": answer["model"],
        "image": fields["image"],
        "options": fields["options"],
        "detections": answer["detections"],
        "num_instances": answer["num_instances"],
        "classifications": answer.get("classifications", []),
        "timings": answer["timings"],
        "processing_time": answer["processing_time"],
        "mlflow": mlflow,
    }
