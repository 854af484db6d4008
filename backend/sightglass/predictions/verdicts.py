"""Verdicts in SQL: at most one for each prediction of the history, written by people.

They lie beside the predictions because lists are filtered by them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, RowMapping, delete, select, update
from sqlalchemy.exc import IntegrityError

from sightglass.errors import UnknownPredictionError
from sightglass.observability import metrics
from sightglass.predictions.history import reachable
from sightglass.predictions.verdict import Verdict, VerdictObject, VerdictValue
from sightglass.storage.database import insert_missing, reading, writing
from sightglass.storage.tables import prediction_verdicts, predictions

_MICRO = 1_000_000
_objects: TypeAdapter[tuple[VerdictObject, ...]] = TypeAdapter(tuple[VerdictObject, ...])


class Verdicts:
    """Reads and writes over one engine; safe to share between threads.

    Every method raises `HistoryUnavailableError` when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, prediction_id: str) -> Verdict | None:
        query = select(prediction_verdicts).where(
            prediction_verdicts.c.prediction_id == prediction_id
        )
        with reachable(), reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _verdict_of(row)

    def find_judged(self, prediction_ids: Sequence[str]) -> set[str]:
        """Those of the predictions that have a verdict; some hundreds at once."""
        c = prediction_verdicts.c
        query = select(c.prediction_id).where(c.prediction_id.in_(prediction_ids))
        with reachable(), reading(self._engine) as connection:
            return set(connection.scalars(query))

    def put(
        self,
        prediction_id: str,
        value: VerdictValue,
        objects: tuple[VerdictObject, ...] | None = None,
        note: str | None = None,
    ) -> Verdict:
        """Keep this verdict in place of the one before, and count it.

        Raises `UnknownPredictionError`.
        """
        now = time.time_ns() // 1000
        fields = {
            "verdict": value.value,
            "objects": None if objects is None else orjson.dumps(objects).decode(),
            # PostgreSQL has no NUL in text.
            "note": note.replace("\x00", "\ufffd") if note else None,
            "updated_us": now,
        }
        with reachable(), writing(self._engine) as connection:
            model = _model_of(connection, prediction_id)
            created_us = _upsert(connection, prediction_id, fields)
        metrics.prediction_verdicts.labels(*model, value.value).inc()
        return _verdict_of({**fields, "created_us": created_us})

    def remove(self, prediction_id: str) -> None:
        """Take the verdict back; none there is fine. Raises `UnknownPredictionError`."""
        c = prediction_verdicts.c
        with reachable(), writing(self._engine) as connection:
            _model_of(connection, prediction_id)
            connection.execute(delete(prediction_verdicts).where(c.prediction_id == prediction_id))


def _model_of(connection: Connection, prediction_id: str) -> tuple[str, str]:
    c = predictions.c
    query = select(c.model_name, c.model_version).where(c.id == prediction_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownPredictionError
    return row.model_name, row.model_version


def _upsert(connection: Connection, prediction_id: str, fields: dict[str, Any]) -> int:
    """Insert or replace; returns when the first verdict was given."""
    now: int = fields["updated_us"]
    table = prediction_verdicts
    row = {"prediction_id": prediction_id, "created_us": now, **fields}
    mine = table.c.prediction_id == prediction_id
    try:
        insert_missing(connection, table, [row], "prediction_id")
    except IntegrityError:  # removed since `_model_of` saw it
        raise UnknownPredictionError from None
    connection.execute(update(table).where(mine).values(fields))
    created_us: int | None = connection.scalar(select(table.c.created_us).where(mine))
    return now if created_us is None else created_us


def _verdict_of(row: RowMapping | dict[str, Any]) -> Verdict:
    return Verdict(
        value=VerdictValue(row["verdict"]),
        objects=None if row["objects"] is None else _objects.validate_json(row["objects"]),
        note=row["note"],
        created_at=row["created_us"] / _MICRO,
        updated_at=row["updated_us"] / _MICRO,
    )
