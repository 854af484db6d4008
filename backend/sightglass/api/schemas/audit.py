"""The JSON of GET /audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from sightglass.api.schemas.base import Schema


class AuditEntry(Schema):
    """One change of what is served or of who may use it."""

    at: datetime
    actor: str = Field(description="Who: `cli:` and a user, a process (api, worker), or a key.")
    action: str = Field(description="What: key_created, key_revoked, model_served, ...")
    subject: str = Field(description="What was changed: the name of a key, a model, a file.")
    details: dict[str, Any]
    request_id: str | None = None
    host: str


class AuditPage(Schema):
    entries: list[AuditEntry]
    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last.")
