"""What every refusal looks like."""

from __future__ import annotations

import httpx

from sightglass.api.schemas.base import Problem


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """The answer is a problem with this status and code, and names its request."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = Problem.model_validate(answer.json())
    assert (answer.status_code, problem.code) == (status, code)
    assert problem.status == status
    assert problem.request_id == answer.headers["x-request-id"]
    assert problem.title
    assert problem.detail
