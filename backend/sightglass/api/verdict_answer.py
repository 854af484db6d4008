"""What the API says of a verdict: one shape for the verdict alone and within its record."""

from __future__ import annotations

from typing import Any

from sightglass.api.iso_time import to_iso
from sightglass.predictions.verdict import Verdict


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """The JSON of a verdict."""
    objects = [
        {"box": one.box, "class": one.class_id, "name": one.name} for one in verdict.objects or ()
    ]
    return {
        "verdict": verdict.value,
        "objects": None if verdict.objects is None else objects,
        "note": verdict.note,
        "created_at": to_iso(verdict.created_at),
        "updated_at": to_iso(verdict.updated_at),
    }
