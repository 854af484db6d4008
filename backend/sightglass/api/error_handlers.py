"""The only place that turns what went wrong into an HTTP status."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sightglass.api.middleware import endpoint_of
from sightglass.api.problems import problem_fields, problem_response
from sightglass.errors import (
    InvalidParameterError,
    KeyLimitError,
    Kind,
    RetryLaterError,
    SightglassError,
)

log = structlog.get_logger(__name__)

STATUS: Mapping[Kind, int] = {
    Kind.BAD_INPUT: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.TOO_SLOW: 408,
    Kind.CONFLICT: 409,
    Kind.CANCELLED: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.INTERNAL: 500,
    Kind.LIMITED: 429,
    Kind.OVERLOADED: 503,
    Kind.UNAVAILABLE: 503,
    Kind.TIMED_OUT: 504,
}
_HTTP_CODES = {
    404: "route_not_found",
    405: "method_not_allowed",
    416: "range_not_satisfiable",
}
_HTTP_DETAILS = {
    404: "No route has this path; GET / lists them.",
    405: "This route does not take this method.",
    416: "The file has no such bytes; Content-Range says how many it has.",
}
_LONGEST_MESSAGE = 200


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(SightglassError, _on_own_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to an error that nobody foresaw: logged and so reported, never shown."""
    log.error("unhandled_error", path=endpoint_of(request.scope), exc_info=error)
    return _answer(request, SightglassError())


async def _on_own_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SightglassError)
    if isinstance(error, KeyLimitError):
        request.state.allowance = error.allowance  # for the headers, which the middleware adds
    if error.kind is Kind.INTERNAL:
        log.error("request_failed", code=error.code, exc_info=error)
    return _answer(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_field_problem(problem) for problem in error.errors()]
    first = problems[0]
    message = f"{first['field']}: {first['message']}"
    return _answer(request, InvalidParameterError(message, errors=problems))


async def _on_http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    fields = problem_fields(
        status,
        _HTTP_CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_"),
        _HTTP_DETAILS.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase),
        request_id=_request_id(request),
        instance=request.url.path,
    )
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed_methods(request) or headers.get("Allow", "")
    return problem_response(fields, headers)


def _allowed_methods(request: Request) -> str:
    """All methods of the path: the framework names only those of the first route that has it."""
    path = getattr(request.scope.get("route"), "path", "")
    methods = {method.upper() for method in request.app.openapi()["paths"].get(path, {})}
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))


def _answer(request: Request, error: SightglassError) -> Response:
    status = STATUS[error.kind]
    fields = problem_fields(
        status,
        error.code,
        error.message,
        request_id=_request_id(request),
        instance=request.url.path,
        details=error.details,
    )
    return problem_response(fields, _headers(error))


def _headers(error: SightglassError) -> dict[str, str]:
    if isinstance(error, RetryLaterError):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds)))}
    if error.kind is Kind.UNAUTHENTICATED:
        return {"WWW-Authenticate": 'Bearer realm="sightglass"'}
    if error.kind is Kind.TOO_SLOW:
        return {"Connection": "close"}  # the rest of the body is not waited for
    return {}


def _field_problem(problem: Mapping[str, Any]) -> dict[str, str]:
    """Where and what, without the value that was sent."""
    place: Sequence[Any] = problem.get("loc", ())
    field = ".".join(str(part) for part in place[1:]) or "request"
    return {"field": field[:_LONGEST_MESSAGE], "message": str(problem["msg"])[:_LONGEST_MESSAGE]}


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
