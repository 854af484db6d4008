"""Moments on their way in and out: seconds since the epoch inside, ISO 8601 outside."""

from __future__ import annotations

from datetime import UTC, datetime


def to_iso(epoch_seconds: float) -> str:
    """In UTC, as `2026-01-31T12:00:00.250000+00:00`."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat()


def to_epoch(moment: datetime) -> float:
    """Seconds; without a zone the moment is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
