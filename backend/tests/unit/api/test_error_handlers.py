"""Every error becomes a problem with the right status, and tells nothing it should not."""

from __future__ import annotations

import inspect

import pytest
from fastapi import FastAPI, Query

from sightglass import errors
from sightglass.api.error_handlers import STATUS, add_error_handlers, unexpected
from sightglass.api.middleware import RequestMiddleware
from tests.unit.api.asgi_client import AsgiClient

ALL_ERRORS = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, errors.SightglassError)
]


def client_of(error: Exception | None = None) -> AsgiClient:
    app = FastAPI(openapi_url=None)
    add_error_handlers(app)
    app.add_middleware(RequestMiddleware, on_error=unexpected)

    @app.get("/things/{thing}")
    async def show_thing(thing: str, size: int = Query(1, ge=1)) -> dict[str, str]:
        if error is not None:
            raise error
        return {"thing": thing * size}

    return AsgiClient(app)


def test_every_kind_has_a_status() -> None:
    assert set(STATUS) == set(errors.Kind)


@pytest.mark.parametrize("error_class", ALL_ERRORS, ids=lambda c: c.__name__)
def test_own_error(error_class: type[errors.SightglassError]) -> None:
    answer = client_of(error_class()).get("/things/a", headers={"X-Request-ID": "abc-1"})
    assert answer.status_code == STATUS[error_class.kind]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == error_class.code
    assert problem["status"] == answer.status_code
    assert problem["detail"] == error_class.default_message
    assert problem["request_id"] == answer.headers["x-request-id"] == "abc-1"
    assert problem["instance"] == "/things/a"


@pytest.mark.parametrize(("seconds", "header"), [(0.0, "1"), (0.2, "1"), (2.1, "3"), (40, "40")])
def test_retry_after_is_whole_seconds(seconds: float, header: str) -> None:
    error = errors.OverloadedError(retry_after_seconds=seconds)
    answer = client_of(error).get("/things/a")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == header


def test_slow_upload_closes_the_connection() -> None:
    answer = client_of(errors.UploadTimeoutError()).get("/things/a")
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


def test_details_are_fields_but_cannot_replace_the_code() -> None:
    error = errors.TooManyBytesError("Too many.", max_bytes=7, code="other")
    problem = client_of(error).get("/things/a").json()
    assert problem["max_bytes"] == 7
    assert problem["code"] == "too_many_bytes"


def test_unforeseen_error_shows_nothing_of_itself() -> None:
    answer = client_of(RuntimeError("the secret is 42")).get("/things/a")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_unknown_path() -> None:
    answer = client_of().get("/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "route_not_found"


def test_wrong_method_names_the_right_ones() -> None:
    answer = client_of().request("DELETE", "/things/a")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["code"] == "method_not_allowed"


def test_malformed_parameter_is_named_and_its_value_is_not_repeated() -> None:
    answer = client_of().get("/things/a", params={"size": "<script>"})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_parameter"
    assert problem["errors"][0]["field"] == "size"
    assert "script" not in answer.text
