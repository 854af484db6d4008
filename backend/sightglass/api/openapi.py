"""The OpenAPI document: every route says which errors it can give, with an example of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from sightglass import __version__
from sightglass.api.access import ERRORS_OF_ACCESS, KEY_HEADER, Access, access_of
from sightglass.api.error_handlers import STATUS
from sightglass.api.problems import MEDIA_TYPE, problem_fields
from sightglass.api.schemas.base import Problem
from sightglass.errors import RetryLaterError, SightglassError

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_EXAMPLE_ID = "0199b2c4d5e67f8091a2b3c4d5e6f708"
_DESCRIPTION = """\
Upload an image, get the objects in it; every prediction is recorded.

Every route is also served under `/api`. Every error is a problem (RFC 9457) with a stable `code`.
Send `X-Request-ID` to find a request again in logs, records and MLflow; it is sent back.
"""
_TAGS = [
    {"name": "predict", "description": "Images in, objects out."},
    {"name": "tasks", "description": "Queued images: progress, results, cancelling."},
    {"name": "records", "description": "What was predicted."},
    {"name": "platform", "description": "Health, metrics and what is served."},
]


def errors(*classes: type[SightglassError]) -> Responses:
    """The `responses` of a route that can raise these, and an internal error."""
    found: Responses = {}
    raised: list[type[SightglassError]] = [*classes, SightglassError]
    for error in raised:
        status = STATUS[error.kind]
        if status not in found:
            found[status] = _error_response(error)
        content = found[status]["content"][MEDIA_TYPE]
        content["examples"][error.code] = {
            "summary": error.default_message,
            "value": _example(status, error),
        }
    for response in found.values():
        codes = response["content"][MEDIA_TYPE]["examples"]
        response["description"] = ", ".join(f"`{code}`" for code in codes)
    return found


def example(
    value: Any, description: str, *, media_type: str = "application/json", **more: Any
) -> dict[str, Any]:
    """One documented answer that is no error."""
    return {"description": description, "content": {media_type: {"example": value}}, **more}


def operation_id(route: APIRoute) -> str:
    """The route's name in camel case: how a generated client calls it."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def add_openapi(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make `app.openapi()` answer the finished document, built once. `routers` are all it shows."""

    def build() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, routers)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]


def _document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    document = get_openapi(
        title="Sightglass",
        version=__version__,
        summary="Serves vision models and shows what they see.",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    document["components"]["securitySchemes"] = _SECURITY_SCHEMES
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    _add_access(document["paths"][route.path][method.lower()], access_of(route))
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(_COMMON_HEADERS)
    return document


def _add_access(operation: dict[str, Any], access: Access | None) -> None:
    """Say which scopes a route wants, and how it refuses."""
    if access is None or access.open_because:
        return
    operation["security"] = [{name: []} for name in _SECURITY_SCHEMES]
    scopes = " or ".join(f"`{scope}`" for scope in sorted(access.scopes))
    wanted = f"Wants an API key with the scope {scopes}, where keys are asked for."
    operation["description"] = "\n\n".join(filter(None, [operation.get("description"), wanted]))
    responses = operation["responses"]
    for status, refusal in errors(*ERRORS_OF_ACCESS).items():
        known = responses.setdefault(str(status), refusal)
        examples = known["content"][MEDIA_TYPE]["examples"]
        for code, shown in refusal["content"][MEDIA_TYPE]["examples"].items():
            examples.setdefault(code, shown)
        known["description"] = ", ".join(f"`{code}`" for code in examples)


_SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
_COMMON_HEADERS = {
    "X-Request-ID": {
        "description": "The id of this request, yours if you sent one.",
        "schema": {"type": "string"},
    },
    "X-Process-Time": {
        "description": "Seconds until the answer began.",
        "schema": {"type": "string"},
    },
}


def _error_response(error: type[SightglassError]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": "",
        "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}},
    }
    if issubclass(error, RetryLaterError):
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds after which to try again.",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return response


def _example(status: int, error: type[SightglassError]) -> dict[str, Any]:
    return problem_fields(
        status, error.code, error.default_message, request_id=_EXAMPLE_ID, instance="/..."
    )
