"""The prediction history in SQL: written by the drain, read by the API and the command line.

A prediction is there once however often it is added: its id is unique.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, RowMapping, Select, and_, delete, func, or_, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from sightglass.errors import (
    HistoryUnavailableError,
    InvalidParameterError,
    UnknownPredictionError,
)
from sightglass.predictions.history_filter import (
    HistoryFilter,
    conditions_of,
    judged,
    verdict_column,
)
from sightglass.predictions.history_rows import (
    mlflow_place,
    to_class_rows,
    to_row,
    to_summary,
)
from sightglass.predictions.record import Prediction
from sightglass.storage.database import insert_missing, reading, writing
from sightglass.storage.tables import (
    export_batches,
    mlflow_windows,
    prediction_classes,
    predictions,
    rejected_records,
)

MAX_PAGE = 200
_REMOVE_AT_ONCE = 500
_MOST_REFUSALS = 20
_DAY_SECONDS = 86_400
_MICRO = 1_000_000


class RecordRefusedError(ValueError):
    """The database holds no such value, now or later: trying again is useless."""


@dataclass(frozen=True, slots=True)
class Page:
    """Summaries, newest first. `next_cursor` is None on the last page."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class History:
    """Reads and writes over one engine; safe to share between threads.

    Every method raises `HistoryUnavailableError` when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, batch: Sequence[Prediction]) -> int:
        """Add in one transaction those that are not there yet; returns how many were new.

        Raises `RecordRefusedError`, with nothing added, when a value cannot be stored.
        """
        try:
            rows = {prediction.id: to_row(prediction) for prediction in batch}
        except TypeError as error:  # an integer that JSON here cannot hold
            raise RecordRefusedError(str(error)) from error
        with reachable(), writing(self.engine) as connection:
            known = select(predictions.c.id).where(predictions.c.id.in_(list(rows)))
            for known_id in connection.scalars(known):
                del rows[known_id]
            insert_missing(connection, predictions, list(rows.values()), "id")
            seen = {p.id: to_class_rows(p) for p in batch if p.id in rows}
            class_rows = [row for each in seen.values() for row in each]
            insert_missing(connection, prediction_classes, class_rows, "class_name")
        return len(rows)

    def reject(self, raw: bytes, reason: str) -> None:
        """Keep a record that is none, once, for a person to look at."""
        row = {
            "digest": hashlib.sha256(raw).hexdigest(),
            "received_us": time.time_ns() // 1000,
            "reason": reason.replace("\x00", "\ufffd")[:255],
            "raw": raw,
        }
        with reachable(), writing(self.engine) as connection:
            insert_missing(connection, rejected_records, [row], "digest")

    def get_prediction(self, prediction_id: str) -> dict[str, Any]:
        """The whole record, and where MLflow shows it (`mlflow`: run_id, trace_id).

        Raises `UnknownPredictionError`.
        """
        c = predictions.c
        found = _with_place(c.id, c.traced, c.record).where(c.id == prediction_id)
        with reachable(), reading(self.engine) as connection:
            row = connection.execute(found).mappings().one_or_none()
        if row is None:
            raise UnknownPredictionError
        fields: dict[str, Any] = orjson.loads(row["record"])
        return {**fields, "mlflow": mlflow_place(row)}

    def list_predictions(
        self, wanted: HistoryFilter | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """One page, newest first. `cursor` is the `next_cursor` of the page before.

        Raises `InvalidParameterError` for a limit outside 1..200 or a cursor that is none.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidParameterError(f"`limit` must be between 1 and {MAX_PAGE}.")
        columns = [c for c in predictions.c if c.name not in ("record", "seq")]
        query = _with_place(*columns, verdict_column()).where(
            *conditions_of(wanted or HistoryFilter())
        )
        if cursor is not None:
            query = query.where(_after(cursor))
        query = query.order_by(predictions.c.created_us.desc(), predictions.c.id.desc())
        with reachable(), reading(self.engine) as connection:
            rows = connection.execute(query.limit(limit + 1)).mappings().all()
            classes = _classes_of(connection, [row["id"] for row in rows[:limit]])
        items = [to_summary(row, classes[row["id"]]) for row in rows[:limit]]
        return Page(items, _encode_cursor(rows[limit - 1]) if len(rows) > limit else None)

    def remove_older_than(self, days: float, *, exported_only: bool = True) -> int:
        """Remove predictions older than so many days; returns how many.

        What a person gave a verdict stays until the verdict is taken back: it is that person's
        work. With `exported_only`, what MLflow has not got yet stays: an outage of MLflow longer
        than the retention loses nothing. Pass False where nothing is exported.
        """
        before = round((time.time() - days * _DAY_SECONDS) * _MICRO)
        old = select(predictions.c.id).where(predictions.c.created_us < before, ~judged())
        if exported_only:
            old = old.join(
                export_batches, export_batches.c.id == predictions.c.export_batch_id
            ).where(export_batches.c.exported_us.is_not(None))
        old = old.order_by(predictions.c.created_us).limit(_REMOVE_AT_ONCE)
        removed = refusals = 0
        while True:
            try:
                with reachable(), writing(self.engine) as connection:
                    ids = list(connection.scalars(old))
                    _remove(connection, ids)
            except RecordRefusedError:  # one of them got its verdict just now: it is seen next time
                refusals += 1
                if refusals > _MOST_REFUSALS:
                    raise
                continue
            removed += len(ids)
            if len(ids) < _REMOVE_AT_ONCE:
                return removed

    def count(self) -> int:
        """How many predictions are kept."""
        with reachable(), reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(predictions)) or 0


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what goes wrong in the database into `HistoryUnavailableError`, and what it will
    never hold into `RecordRefusedError`.
    """
    try:
        yield
    except (DataError, IntegrityError, OverflowError) as error:
        raise RecordRefusedError(type(error).__name__) from error
    except SQLAlchemyError as error:
        raise HistoryUnavailableError from error


def _with_place(*columns: Any) -> Select[Any]:
    """Select predictions beside the MLflow run that holds them."""
    batches, windows = export_batches, mlflow_windows
    return (
        select(*columns, batches.c.exported_us, windows.c.run_id)
        .select_from(predictions)
        .outerjoin(batches, batches.c.id == predictions.c.export_batch_id)
        .outerjoin(
            windows,
            and_(
                windows.c.window_start == batches.c.window_start,
                windows.c.model_name == batches.c.model_name,
                windows.c.model_version == batches.c.model_version,
            ),
        )
    )


def _classes_of(connection: Connection, ids: Sequence[str]) -> defaultdict[str, dict[str, int]]:
    c = prediction_classes.c
    query = select(c.prediction_id, c.class_name, c.count).where(c.prediction_id.in_(ids))
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for prediction_id, class_name, count in connection.execute(query):
        found[prediction_id][class_name] = count
    return found


def _remove(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(
        delete(prediction_classes).where(prediction_classes.c.prediction_id.in_(ids))
    )
    connection.execute(delete(predictions).where(predictions.c.id.in_(ids)))


def _encode_cursor(row: RowMapping) -> str:
    position = f"{row['created_us']}-{row['id']}"
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _after(cursor: str) -> Any:
    """What comes after the cursor, newest first."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii")
    except (ValueError, binascii.Error):
        raise InvalidParameterError("`cursor` is not one that was given out.") from None
    found = re.fullmatch(r"(\d{1,18})-([0-9a-f]{32})", position)
    if found is None:
        raise InvalidParameterError("`cursor` is not one that was given out.")
    created, last_id = int(found[1]), found[2]
    c = predictions.c
    # The first condition alone would do; MySQL uses the index only for the second.
    return and_(
        or_(c.created_us < created, c.id < last_id),
        c.created_us <= created,
    )
