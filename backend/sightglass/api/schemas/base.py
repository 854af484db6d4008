"""What all answers share, and the shape of every error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Schema(BaseModel):
    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())


class FieldProblem(Schema):
    field: str
    message: str


class Problem(Schema):
    """Problem details (RFC 9457), the shape of every error."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = Field(description="For people; may change.")
    code: str = Field(description="Stable; for programs.")
    request_id: str
    instance: str
    errors: list[FieldProblem] | None = Field(
        None, description="Each wrong parameter, for `invalid_parameter`."
    )
