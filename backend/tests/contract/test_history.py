"""GET /predictions over a real history; the drain is played by the test."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from sightglass.api.schemas.records import PredictionPage, PredictionRecord
from sightglass.engine.types import Box, Detection, DetectOptions
from sightglass.predictions.history import History
from sightglass.predictions.record import (
    ImageFacts,
    ModelRef,
    Outcome,
    Prediction,
    Source,
    new_prediction_id,
)
from tests.contract.problems import assert_problem


def prediction(**changes: Any) -> Prediction:
    fields: dict[str, Any] = {
        "id": new_prediction_id(),
        "created_at": time.time(),
        "source": Source.SYNC,
        "model": ModelRef("street", "1"),
        "image": ImageFacts(name="a.jpg", width=640, height=480, format="jpeg"),
        "options": DetectOptions(confidence=0.4, classes=(1,)),
        "outcome": Outcome.SUCCEEDED,
        "detections": (Detection(Box(1, 2, 3, 4), 1, "car", 0.9),),
        "milliseconds": {"inference": 12.0},
        "total_milliseconds": 20.0,
    }
    return Prediction(**{**fields, **changes})


def ids_of(client: httpx.Client, **params: Any) -> list[str]:
    page = client.get("/predictions", params=params)
    assert page.status_code == 200, page.text
    return [item.id for item in PredictionPage.model_validate(page.json()).predictions]


def test_one_in_full(client: httpx.Client, history: History) -> None:
    kept = prediction(request_id="r-1")
    history.add([kept])
    answer = client.get(f"/predictions/{kept.id}")
    assert answer.status_code == 200
    record = PredictionRecord.model_validate(answer.json())
    assert record.created_at.timestamp() == pytest.approx(kept.created_at, abs=1e-3)
    assert record.detections[0].name == "car"
    assert answer.json()["detections"][0]["class"] == 1
    assert record.options.confidence == 0.4
    assert record.request_id == "r-1"
    assert record.error is None


def test_a_failure_says_so(client: httpx.Client, history: History) -> None:
    failed = prediction(
        outcome=Outcome.TIMED_OUT,
        detections=(),
        error_code="deadline_exceeded",
        error_message="Too late.",
    )
    history.add([failed])
    record = client.get(f"/predictions/{failed.id}").json()
    assert record["outcome"] == "timed_out"
    assert record["error"] == {"code": "deadline_exceeded", "message": "Too late."}
    assert failed.id in ids_of(client, outcome="timed_out")
    assert failed.id not in ids_of(client, outcome="succeeded")


def test_pages_hold_each_once_newest_first(client: httpx.Client, history: History) -> None:
    now = time.time()
    kept = [prediction(model=ModelRef("paged", "1"), created_at=now + i) for i in range(7)]
    history.add(kept)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {
            "model": "paged",
            "limit": 3,
            **({"cursor": cursor} if cursor else {}),
        }
        page = client.get("/predictions", params=params).json()
        seen += [item["id"] for item in page["predictions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [p.id for p in reversed(kept)]


def test_filters(client: httpx.Client, history: History) -> None:
    now = time.time()
    car = prediction(model=ModelRef("filtered", "1"), created_at=now - 60)
    bus = prediction(
        model=ModelRef("filtered", "2"),
        created_at=now - 30,
        source=Source.ASYNC,
        detections=(Detection(Box(1, 2, 3, 4), 0, "bus", 0.3),),
    )
    history.add([car, bus])
    assert ids_of(client, model="filtered") == [bus.id, car.id]
    assert ids_of(client, model="filtered", version="1") == [car.id]
    assert ids_of(client, model="filtered", **{"class": "bus"}) == [bus.id]
    assert ids_of(client, model="filtered", source="async") == [bus.id]
    assert ids_of(client, model="filtered", lowest_confidence="0.5") == [bus.id]
    assert ids_of(client, model="filtered", min_confidence="0.5") == [car.id]
    assert ids_of(client, model="filtered", since=now - 45) == [bus.id]
    assert ids_of(client, model="filtered", until=now - 45) == [car.id]
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 45))
    assert ids_of(client, model="filtered", since=iso) == [bus.id]
    assert ids_of(client, model="another") == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "made-up"},
        {"since": "yesterday"},
        {"outcome": "perhaps"},
        {"source": "dream"},
        {"lowest_confidence": "2"},
        {"min_confidence": "-1"},
        {"model": "a\x00b"},
        {"verdict": "perhaps"},
    ],
)
def test_wrong_parameters(client: httpx.Client, params: dict[str, str]) -> None:
    assert_problem(client.get("/predictions", params=params), 422, "invalid_parameter")


@pytest.mark.parametrize("unknown", ["f" * 32, "abc", "%00"])
def test_unknown_prediction(client: httpx.Client, unknown: str) -> None:
    assert_problem(client.get(f"/predictions/{unknown}"), 404, "unknown_prediction")
