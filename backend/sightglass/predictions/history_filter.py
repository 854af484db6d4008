"""Which predictions of the history are wanted, and how SQL says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Exists, and_, select

from sightglass.predictions.record import Outcome, Source
from sightglass.predictions.verdict import VerdictFilter
from sightglass.storage.tables import prediction_classes, prediction_verdicts, predictions

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which predictions; None means any.

    since (inclusive) and until (exclusive) are seconds since the epoch. class_name: at least one
    object of that class was seen. lowest_confidence_below: the least confident object is below
    it, which finds what is worth a second look. min_confidence: the most confident one is at
    least that.
    """

    model: str | None = None
    version: str | None = None
    class_name: str | None = None
    since: float | None = None
    until: float | None = None
    outcome: Outcome | None = None
    source: Source | None = None
    lowest_confidence_below: float | None = None
    min_confidence: float | None = None
    verdict: VerdictFilter | None = None


def conditions_of(wanted: HistoryFilter) -> list[Any]:
    """What a prediction has to meet, for WHERE."""
    c = predictions.c
    equal = {
        c.model_name: wanted.model,
        c.model_version: wanted.version,
        c.outcome: wanted.outcome,
        c.source: wanted.source,
    }
    conditions: list[Any] = [column == str(value) for column, value in equal.items() if value]
    if wanted.since is not None:
        conditions.append(c.created_us >= round(wanted.since * _MICRO))
    if wanted.until is not None:
        conditions.append(c.created_us < round(wanted.until * _MICRO))
    if wanted.lowest_confidence_below is not None:
        conditions.append(c.min_confidence < wanted.lowest_confidence_below)
    if wanted.min_confidence is not None:
        conditions.append(c.max_confidence >= wanted.min_confidence)
    if wanted.class_name is not None:
        seen = prediction_classes.c
        holds = and_(seen.prediction_id == c.id, seen.class_name == wanted.class_name)
        conditions.append(select(seen.prediction_id).where(holds).exists())
    if wanted.verdict is VerdictFilter.NONE:
        conditions.append(~judged())
    elif wanted.verdict is not None:
        given = prediction_verdicts.c
        conditions.append(
            c.id.in_(select(given.prediction_id).where(given.verdict == wanted.verdict.value))
        )
    return conditions


def judged() -> Exists:
    """A person gave it a verdict."""
    given = prediction_verdicts.c
    return select(given.prediction_id).where(given.prediction_id == predictions.c.id).exists()


def verdict_column() -> ColumnElement[Any]:
    """The verdict on a prediction, NULL when nobody gave one."""
    given = prediction_verdicts.c
    of_this = select(given.verdict).where(given.prediction_id == predictions.c.id)
    return of_this.scalar_subquery().label("verdict")
