"""The OpenAPI document is whole enough to generate a client from, and to learn the API by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[3]
CONTRACT = {
    ("get", "/"),
    ("get", "/health"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
    ("get", "/model/info"),
    ("get", "/model/card"),
    ("get", "/activity"),
    ("get", "/audit"),
    ("get", "/client-config"),
    ("post", "/process-image"),
    ("post", "/process-image/async"),
    ("get", "/task/{task_id}"),
    ("delete", "/task/{task_id}"),
    ("get", "/tasks"),
    ("get", "/mlflow/runs"),
    ("get", "/predictions"),
    ("get", "/predictions/{prediction_id}"),
}


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    fields: dict[str, Any] = answer.json()
    return fields


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_there_once(document: dict[str, Any]) -> None:
    assert set(operations(document)) >= CONTRACT
    assert not [path for path in document["paths"] if path.startswith("/api/")]


def test_every_operation_can_be_called_by_a_name(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name[0].islower() for name in names)
    known = {tag["name"] for tag in document["tags"]}
    for operation in operations(document).values():
        assert operation["summary"]
        assert set(operation["tags"]) <= known


def test_every_answer_has_an_example_or_a_schema(document: dict[str, Any]) -> None:
    for route, operation in operations(document).items():
        for status, response in operation["responses"].items():
            assert response["description"], (route, status)
            for media_type, content in response.get("content", {}).items():
                assert content.get("schema"), (route, status)
                if media_type == "application/problem+json":
                    assert content["examples"], (route, status)
                else:
                    assert "example" in content, (route, status, media_type)


def test_examples_of_errors_are_what_is_answered(document: dict[str, Any]) -> None:
    for route, operation in operations(document).items():
        for status, response in operation["responses"].items():
            examples = response.get("content", {}).get("application/problem+json", {})
            for code, example in examples.get("examples", {}).items():
                assert example["value"]["code"] == code, route
                assert example["value"]["status"] == int(status), route


def test_retry_later_is_documented(document: dict[str, Any]) -> None:
    for operation in operations(document).values():
        response = operation["responses"].get("503", {})
        if "application/problem+json" in response.get("content", {}):
            assert "Retry-After" in response["headers"]


def test_upload_has_all_its_forms(document: dict[str, Any]) -> None:
    for path in ("/process-image", "/process-image/async"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert {"multipart/form-data", "application/json", "image/jpeg"} <= set(content)


def test_every_route_is_in_the_guide(document: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "api.md").read_text()
    missing = [
        f"{method.upper()} {path}"
        for method, path in operations(document)
        if f"`{method.upper()} {path}`" not in guide
    ]
    assert missing == []


def test_every_parameter_is_in_the_guide(document: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "api.md").read_text()
    names = {
        parameter["name"]
        for operation in operations(document).values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] != "path"
    }
    assert sorted(name for name in names if f"`{name}`" not in guide) == []
