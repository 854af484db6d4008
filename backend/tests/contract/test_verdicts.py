"""PUT and DELETE /predictions/{id}/verdict; the drain is played by the test, but for one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sightglass.api.schemas.records import PredictionPage, PredictionRecord
from sightglass.api.schemas.verdicts import VerdictAnswer
from sightglass.engine.types import Box, Detection
from sightglass.predictions.history import History
from sightglass.predictions.record import ImageFacts, ModelRef, Prediction, new_prediction_id
from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem
from tests.contract.scraped import metric
from tests.integration.servers import RedisServer
from tests.made_predictions import make_failure, make_prediction

BOX = {"x1": 10.0, "y1": 20.0, "x2": 110.5, "y2": 220.25}
WIDTH, HEIGHT = 810, 1080  # of the made predictions


@pytest.fixture
def served(client: httpx.Client) -> ModelRef:
    info = client.get("/model/info").json()
    return ModelRef(info["model_name"], info["version"])


@pytest.fixture
def kept(history: History, served: ModelRef) -> Prediction:
    """A prediction of the served model in the history."""
    prediction = make_prediction(model=served)
    history.add([prediction])
    return prediction


def put(client: httpx.Client, prediction_id: str, **fields: Any) -> httpx.Response:
    return client.put(f"/predictions/{prediction_id}/verdict", json=fields)


def ids_of(client: httpx.Client, **params: str) -> set[str]:
    page = client.get("/predictions", params={"limit": 200, **params})
    return {item.id for item in PredictionPage.model_validate(page.json()).predictions}


def test_given_shown_and_taken_back(client: httpx.Client, kept: Prediction) -> None:
    car = {"box": BOX, "class": 1}
    answer = put(client, kept.id, verdict="wrong", objects=[car], note="A car.")
    assert answer.status_code == 200
    given = VerdictAnswer.model_validate(answer.json())
    assert given.created_at == given.updated_at
    assert answer.json()["objects"] == [{**car, "name": "car"}]
    assert given.note == "A car."
    record = client.get(f"/predictions/{kept.id}").json()
    assert PredictionRecord.model_validate(record).verdict == given
    assert record["verdict"] == answer.json()
    for _ in range(2):
        taken = client.delete(f"/predictions/{kept.id}/verdict")
        assert (taken.status_code, taken.content) == (204, b"")
    assert client.get(f"/predictions/{kept.id}").json()["verdict"] is None


def test_the_next_one_replaces_it(client: httpx.Client, kept: Prediction) -> None:
    first = put(client, kept.id, verdict="wrong", objects=[], note="Nothing is there.").json()
    assert first["objects"] == []
    second = put(client, kept.id, verdict="right").json()
    assert (second["verdict"], second["objects"], second["note"]) == ("right", None, None)
    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] > first["updated_at"]
    assert client.get(f"/predictions/{kept.id}").json()["verdict"] == second


def test_lists_show_it_and_are_filtered_by_it(client: httpx.Client, history: History) -> None:
    made = {each: make_prediction(model=ModelRef("judged", "1")) for each in ("right", "wrong", "")}
    history.add(list(made.values()))
    for verdict in ("right", "wrong"):
        assert put(client, made[verdict].id, verdict=verdict).status_code == 200
    for verdict in ("right", "wrong"):
        assert ids_of(client, model="judged", verdict=verdict) == {made[verdict].id}
    assert ids_of(client, model="judged", verdict="none") == {made[""].id}
    assert len(ids_of(client, model="judged")) == 3
    items = client.get("/predictions", params={"model": "judged"}).json()["predictions"]
    shown = {item["id"]: item["verdict"] for item in items}
    assert shown == {made[verdict].id: verdict or None for verdict in made}


def test_each_is_counted(client: httpx.Client, history: History) -> None:
    prediction = make_prediction(model=ModelRef("counted", "3"))
    history.add([prediction])
    for verdict in ("right", "wrong", "wrong"):
        put(client, prediction.id, verdict=verdict)
    client.delete(f"/predictions/{prediction.id}/verdict")
    labels = {"model_name": "counted", "model_version": "3"}
    name = "prediction_verdicts_total"
    assert metric(client, name, verdict="right", **labels) == 1
    assert metric(client, name, verdict="wrong", **labels) == 2


def test_a_pixel_outside_is_cut_off(client: httpx.Client, kept: Prediction) -> None:
    box = {"x1": -0.6, "y1": -1, "x2": WIDTH + 1, "y2": HEIGHT + 0.004}
    answer = put(client, kept.id, verdict="wrong", objects=[{"box": box, "class": 0}])
    assert answer.json()["objects"][0]["box"] == {"x1": 0, "y1": 0, "x2": WIDTH, "y2": HEIGHT}


@pytest.mark.parametrize(
    "wrong",
    [
        {"box": {**BOX, "x2": 10.0}, "class": 0},
        {"box": {**BOX, "y1": 221}, "class": 0},
        {"box": {**BOX, "x1": -2}, "class": 0},
        {"box": {**BOX, "x2": WIDTH + 2}, "class": 0},
        {"box": {**BOX, "y2": 1e300}, "class": 0},
        {"box": {"x1": WIDTH + 0.5, "y1": 1, "x2": WIDTH + 1, "y2": 2}, "class": 0},
        {"box": BOX, "class": 5},
        {"box": BOX, "class": 2**70},
    ],
)
def test_wrong_object_is_named(
    client: httpx.Client, kept: Prediction, wrong: dict[str, Any]
) -> None:
    right = {"box": BOX, "class": 0}
    answer = put(client, kept.id, verdict="wrong", objects=[right, wrong])
    assert_problem(answer, 422, "invalid_parameter")
    assert answer.json()["errors"][0]["field"] == "objects.1"
    assert client.get(f"/predictions/{kept.id}").json()["verdict"] is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 500_000,
        b"{}",
        b'{"verdict": "perhaps"}',
        b'{"verdict": "wrong", "objects": [{"box": {"x1": NaN, "y1": 0, "x2": 2, "y2": 2},'
        b' "class": 0}]}',
        b'{"verdict": "wrong", "objects": [{"box": {"x1": 0, "y1": 0, "x2": 1e999, "y2": 2},'
        b' "class": 0}]}',
        b'{"verdict": "wrong", "objects": [{"box": {"x1": 0, "y1": 0, "x2": 2, "y2": 2},'
        b' "class": -1}]}',
        b'{"verdict": "wrong", "objects": [{"class": 0}]}',
        b'{"verdict": "wrong", "note": "\\ud800"}',
        b'{"verdict": "wrong", "note": "' + b"x" * 2001 + b'"}',
        b'{"verdict": "wrong", "objects": ['
        + b",".join([b'{"box": {"x1": 0, "y1": 0, "x2": 2, "y2": 2}, "class": 0}'] * 1001)
        + b"]}",
    ],
)
def test_malformed_verdict(client: httpx.Client, kept: Prediction, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    path = f"/predictions/{kept.id}/verdict"
    assert_problem(client.put(path, content=body, headers=headers), 422, "invalid_parameter")


def test_too_large_a_body(client: httpx.Client, kept: Prediction) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"verdict": "right", "note": "'
        for _ in range(2000):
            yield b" " * 1000

    headers = {"Content-Type": "application/json"}
    answer = client.put(f"/predictions/{kept.id}/verdict", content=pieces(), headers=headers)
    assert_problem(answer, 413, "too_many_bytes")


def test_hostile_note(client: httpx.Client, kept: Prediction) -> None:
    note = "x\x00é🚌'\";--</script>\n"
    answer = put(client, kept.id, verdict="right", note=note)
    assert answer.json()["note"] == note.replace("\x00", "\ufffd")


def test_classes_of_a_model_that_is_not_served(client: httpx.Client, history: History) -> None:
    seen = (Detection(Box(1, 2, 3, 4), 77, "unicorn", 0.9),)
    prediction = make_prediction(model=ModelRef("stable", "1"), detections=seen)
    history.add([prediction])
    known = put(client, prediction.id, verdict="wrong", objects=[{"box": BOX, "class": 77}])
    assert known.json()["objects"][0]["name"] == "unicorn"
    unknown = put(client, prediction.id, verdict="wrong", objects=[{"box": BOX, "class": 0}])
    assert_problem(unknown, 422, "invalid_parameter")


def test_prediction_whose_image_was_never_decoded(
    client: httpx.Client, history: History, served: ModelRef
) -> None:
    prediction = make_failure(model=served, image=ImageFacts())
    history.add([prediction])
    objects = [{"box": BOX, "class": 0}]
    answer = put(client, prediction.id, verdict="wrong", objects=objects)
    assert_problem(answer, 422, "invalid_parameter")
    assert put(client, prediction.id, verdict="wrong").status_code == 200


@pytest.mark.parametrize("unknown", ["f" * 32, "F" * 32, "0" * 32, "abc", "%00", "..%5c..", "é"])
def test_unknown_prediction(client: httpx.Client, unknown: str) -> None:
    assert_problem(put(client, unknown, verdict="right"), 404, "unknown_prediction")
    answer = client.delete(f"/predictions/{unknown}/verdict")
    assert_problem(answer, 404, "unknown_prediction")


def test_recent_id_that_is_never_recorded(client: httpx.Client) -> None:
    assert_problem(put(client, new_prediction_id(), verdict="right"), 404, "unknown_prediction")


def test_prediction_that_comes_into_the_history_meanwhile(
    client: httpx.Client, history: History
) -> None:
    late = make_prediction()
    came = threading.Timer(0.5, history.add, [[late]])
    came.start()
    assert put(client, late.id, verdict="right").status_code == 200
    came.join()


@pytest.fixture
def drained_client(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer
) -> Iterator[httpx.Client]:
    """An API with its drain."""
    database = redis_server.url.removesuffix("/0") + "/1"
    server = ApiServer(tmp_path_factory.mktemp("drained"), database)
    with server, server.drain(), server.client() as client:
        yield client


def test_verdict_and_picture_of_what_was_answered_just_now(drained_client: httpx.Client) -> None:
    picture = encoded()
    answer = drained_client.post("/process-image", files={"file": picture})
    prediction_id = answer.json()["prediction_id"]
    until = time.monotonic() + 20  # the drain may be starting
    while (given := put(drained_client, prediction_id, verdict="right")).status_code == 404:
        assert time.monotonic() < until
    assert given.status_code == 200
    record = drained_client.get(f"/predictions/{prediction_id}").json()
    assert record["verdict"] == given.json()
    assert record["has_image"] is True
    [item] = drained_client.get("/predictions").json()["predictions"]
    assert (item["verdict"], item["has_image"]) == ("right", True)
    again = drained_client.post("/process-image", files={"file": picture}).json()["prediction_id"]
    assert put(drained_client, again, verdict="wrong").status_code == 200
