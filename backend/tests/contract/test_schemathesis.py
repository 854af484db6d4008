"""Requests made up from the OpenAPI document: none may end in a server's error, and every answer
must be one that the document foretells.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from sightglass.api.error_handlers import STATUS
from sightglass.errors import Kind
from tests.contract.api_server import ApiServer

EXAMPLES = 30
# What is away in these tests (MLflow), full, or late is said so; that is no fault of the server.
HONEST = {STATUS[Kind.UNAVAILABLE], STATUS[Kind.TIMED_OUT]}
load_all_checks()
CONFORMANCE = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "allow_header_conformance",
    ]
)
# In these there is something that can be malformed.
WITH_INPUT = [
    ("POST", "/process-image"),
    ("POST", "/process-image/async"),
    ("GET", "/task/{task_id}"),
    ("GET", "/tasks"),
    ("GET", "/mlflow/runs"),
    ("GET", "/activity"),
    ("GET", "/audit"),
    ("GET", "/predictions"),
    ("GET", "/predictions/{prediction_id}/image"),
    ("PUT", "/predictions/{prediction_id}/verdict"),
]
WITHOUT = [
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/model/info"),
    ("GET", "/model/card"),
    ("GET", "/client-config"),
    ("DELETE", "/task/{task_id}"),
    ("POST", "/task/{task_id}/retry"),
    ("GET", "/predictions/{prediction_id}"),
    ("DELETE", "/predictions/{prediction_id}/verdict"),
]
# An answer that never ends would keep the test for ever; `test_task_events` asks for it.
ENDLESS = [("GET", "/tasks/events")]


@pytest.fixture(scope="session")
def document(api: ApiServer) -> Any:
    loaded = schemathesis.openapi.from_dict(httpx.get(f"{api.url}/openapi.json").json())
    loaded.config.update(base_url=api.url)
    return loaded


def test_no_operation_is_forgotten(document: Any) -> None:
    found = {(item.ok().method.upper(), item.ok().path) for item in document.get_all_operations()}
    assert found == {*WITH_INPUT, *WITHOUT, *ENDLESS}


@pytest.mark.parametrize(("method", "path"), WITH_INPUT + WITHOUT)
def test_well_formed_requests(document: Any, method: str, path: str) -> None:
    send_many(document[path][method], GenerationMode.POSITIVE)


@pytest.mark.parametrize(("method", "path"), WITH_INPUT)
def test_malformed_requests(document: Any, method: str, path: str) -> None:
    send_many(document[path][method], GenerationMode.NEGATIVE)


def send_many(operation: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if case.query and "wait" in case.query:
            case.query["wait"] = 0  # a real wait would only make the test slow
        answer = case.call()
        assert answer.status_code < 500 or answer.status_code in HONEST, answer.text
        case.validate_response(answer, checks=CONFORMANCE)

    send()
