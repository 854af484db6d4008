"""GET /audit: who changed what is served, or who may use it; newest first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from sightglass.access.audit import MAX_PAGE, Entry
from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.iso_time import to_iso
from sightglass.api.json_response import json_response
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.audit import AuditPage
from sightglass.errors import AccessUnavailableError, InvalidParameterError

router = APIRouter(tags=["platform"], dependencies=[requires(Scope.MANAGE)])


@router.get(
    "/audit",
    response_model=AuditPage,
    summary="What was changed, by whom, newest first",
    responses={
        **errors(InvalidParameterError, AccessUnavailableError),
        200: example(examples.AUDIT, "One page."),
    },
)
def list_audit(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the page before.")
    ] = None,
) -> Response:
    page = services.audit.list_entries(limit, cursor)
    entries = [_shown(entry) for entry in page.entries]
    return json_response({"entries": entries, "next_cursor": page.next_cursor})


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "at": to_iso(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        "request_id": entry.request_id,
        "host": entry.host,
    }
