"""What stays behind when predictions go: books of the export, and records that were none."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine, Select, and_, delete, select, tuple_
from sqlalchemy.sql.schema import Table

from sightglass.predictions.history import reachable
from sightglass.storage.database import reading, writing
from sightglass.storage.tables import (
    export_batches,
    mlflow_windows,
    predictions,
    rejected_records,
)

_AT_ONCE = 500
_DAY_SECONDS = 86_400


def remove_old_books(engine: Engine, days: float) -> int:
    """Remove what is older and what no prediction refers to; returns how many rows.

    Raises `HistoryUnavailableError`.
    """
    before = time.time() - days * _DAY_SECONDS
    before_us = round(before * 1_000_000)
    batches, windows, rejected = export_batches.c, mlflow_windows.c, rejected_records.c
    used = select(predictions.c.seq).where(predictions.c.export_batch_id == batches.id).exists()
    # A judged prediction stays, and its batch and its window say where MLflow shows it.
    named = and_(
        batches.window_start == windows.window_start,
        batches.model_name == windows.model_name,
        batches.model_version == windows.model_version,
    )
    kept = select(batches.id).where(named).exists()
    old_batches = select(batches.id).where(batches.exported_us < before_us, ~used)
    old_windows = select(windows.model_name, windows.model_version, windows.window_start).where(
        windows.window_start < before - _DAY_SECONDS,
        windows.finished.is_(True),
        windows.dirty.is_(False),
        ~kept,
    )
    old_rejected = select(rejected.id).where(rejected.received_us < before_us)
    return (
        _remove(engine, export_batches, old_batches)
        + _remove(engine, mlflow_windows, old_windows)
        + _remove(engine, rejected_records, old_rejected)
    )


def _remove(engine: Engine, table: Table, old: Select[Any]) -> int:
    """In steps, so that no transaction keeps the drain waiting for long."""
    columns = list(table.primary_key)
    removed = 0
    while True:
        with reachable(), reading(engine) as connection:
            keys = [tuple(row) for row in connection.execute(old.limit(_AT_ONCE))]
        if keys:
            with reachable(), writing(engine) as connection:
                connection.execute(delete(table).where(tuple_(*columns).in_(keys)))
        removed += len(keys)
        if len(keys) < _AT_ONCE:
            return removed
