"""The books of the export from the history to MLflow: what was taken up, what has arrived.

Rows are claimed into batches. A batch has a name that never changes, and MLflow is told
everything under that name, so it may be sent again after a crash. The sums of a window grow in
the transaction that closes a batch, so each prediction counts once.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Engine, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from sightglass.errors import HistoryUnavailableError
from sightglass.predictions import record
from sightglass.predictions.history_rows import WINDOW_SECONDS, confidences_of, to_class_rows
from sightglass.predictions.record import Outcome, Prediction, new_prediction_id
from sightglass.storage.database import insert_missing, reading, writing
from sightglass.storage.locks import exclusive
from sightglass.storage.tables import export_batches, mlflow_windows, predictions


@dataclass(frozen=True, slots=True)
class Window:
    """One model version in one UTC hour; `start` is in seconds since the epoch."""

    model_name: str
    model_version: str
    start: int

    @property
    def end(self) -> int:
        return self.start + WINDOW_SECONDS

    @property
    def run_name(self) -> str:
        hour = datetime.fromtimestamp(self.start, UTC)
        return f"{self.model_name} {self.model_version} · {hour:%Y-%m-%d %H:%M}"

    @property
    def tag(self) -> str:
        """What its run is found again by; MLflow's filters know no escaped quotes."""
        hour = datetime.fromtimestamp(self.start, UTC)
        tag = f"{self.model_name}/{self.model_version}/{hour:%Y-%m-%dT%H:%MZ}"
        return tag.replace("'", "_").replace('"', "_")


@dataclass(frozen=True, slots=True)
class Batch:
    """Predictions of one window that are exported together, under one name."""

    id: str
    window: Window
    size: int


@dataclass(slots=True)
class Totals:
    """Sums over predictions, kept as JSON. `confidences` counts what `confidence_sum` adds."""

    predictions: int = 0
    errors: int = 0
    timeouts: int = 0
    detections: int = 0
    confidences: int = 0
    confidence_sum: float = 0.0
    traces_left_out: int = 0
    classes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: Sequence[Prediction]) -> Totals:
        totals = cls(predictions=len(batch))
        classes: Counter[str] = Counter()
        for prediction in batch:
            confidences = confidences_of(prediction)
            totals.errors += prediction.outcome is Outcome.FAILED
            totals.timeouts += prediction.outcome is Outcome.TIMED_OUT
            totals.detections += len(prediction.detections)
            totals.confidences += len(confidences)
            totals.confidence_sum += sum(confidences)
            for row in to_class_rows(prediction):
                classes[row["class_name"]] += row["count"]
        totals.classes = dict(classes)
        return totals

    def add(self, other: Totals) -> None:
        for name in self.__slots__:
            if name != "classes":
                setattr(self, name, getattr(self, name) + getattr(other, name))
        self.classes = dict(Counter(self.classes) + Counter(other.classes))


@dataclass(frozen=True, slots=True)
class WindowState:
    """A window whose run is behind or still open."""

    window: Window
    run_id: str | None
    totals: Totals
    refreshed_at: float  # seconds since the epoch, 0: never
    dirty: bool
    finished: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not arrived yet; `oldest` is the creation time of its oldest prediction."""

    predictions: int
    oldest: float | None


class ExportLedger:
    """Every method raises `HistoryUnavailableError` when the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep other exporters out; yields False when one is at work."""
        with _reachable(), exclusive(self._engine, "mlflow-export") as got:
            yield got

    def unfinished(self) -> list[Batch]:
        """Batches that were claimed and not closed, oldest first."""
        c = export_batches.c
        query = select(c.id, *_window_columns(export_batches), c.size)
        query = query.where(c.exported_us.is_(None)).order_by(c.created_us)
        with _reachable(), reading(self._engine) as connection:
            return [Batch(i, Window(m, v, s), n) for i, m, v, s, n in connection.execute(query)]

    def last_seq(self) -> int:
        """Number of the newest row: where a round of claims ends, however fast more come."""
        with _reachable(), reading(self._engine) as connection:
            return connection.scalar(select(func.max(predictions.c.seq))) or 0

    def claim(self, limit: int, *, up_to_seq: int) -> Batch | None:
        """Put the oldest rows of one window into a new batch; None when nothing waits."""
        c = predictions.c
        waiting = and_(c.export_batch_id.is_(None), c.seq <= up_to_seq)
        first = select(*_window_columns(predictions)).where(waiting).order_by(c.seq).limit(1)
        with _reachable(), writing(self._engine) as connection:
            found = connection.execute(first).one_or_none()
            if found is None:
                return None
            window = Window(*found)
            rows = select(c.seq).where(waiting, _in_window(predictions, window))
            seqs = list(connection.scalars(rows.order_by(c.seq).limit(limit)))
            batch = Batch(new_prediction_id(), window, len(seqs))
            connection.execute(export_batches.insert().values(**_batch_row(batch)))
            connection.execute(
                update(predictions).where(c.seq.in_(seqs)).values(export_batch_id=batch.id)
            )
            insert_missing(connection, mlflow_windows, [_window_row(window)], "model_name")
        return batch

    def predictions_of(self, batch: Batch) -> list[Prediction]:
        c = predictions.c
        query = select(c.record).where(c.export_batch_id == batch.id).order_by(c.seq)
        with _reachable(), reading(self._engine) as connection:
            return [record.decode(text) for text in connection.scalars(query)]

    def close(self, batch: Batch, totals: Totals, traced: Collection[str]) -> None:
        """MLflow has all of the batch. Closing it twice counts it once."""
        c = export_batches.c
        done = update(export_batches).where(c.id == batch.id, c.exported_us.is_(None))
        windows = _in_window(mlflow_windows, batch.window)
        with _reachable(), writing(self._engine) as connection:
            if not connection.execute(done.values(exported_us=_now_us())).rowcount:
                return
            sums = _totals(connection.scalar(select(mlflow_windows.c.totals).where(windows)))
            sums.add(totals)
            values = {"totals": orjson.dumps(sums).decode(), "dirty": True}
            connection.execute(update(mlflow_windows).where(windows).values(**values))
            if traced:
                rows = predictions.c.id.in_(list(traced))
                connection.execute(update(predictions).where(rows).values(traced=True))

    # --- windows

    def run_id(self, window: Window) -> str | None:
        query = select(mlflow_windows.c.run_id).where(_in_window(mlflow_windows, window))
        with _reachable(), reading(self._engine) as connection:
            return connection.scalar(query)

    def set_run_id(self, window: Window, run_id: str) -> None:
        self._update_window(window, run_id=run_id)

    def open_windows(self) -> list[WindowState]:
        """Those that are not finished, and finished ones that got more since."""
        c = mlflow_windows.c
        query = select(
            *_window_columns(mlflow_windows),
            c.run_id,
            c.totals,
            c.refreshed_us,
            c.dirty,
            c.finished,
        ).where(or_(c.finished.is_(False), c.dirty.is_(True)))
        with _reachable(), reading(self._engine) as connection:
            rows = connection.execute(query.order_by(c.window_start)).all()
        return [
            WindowState(Window(m, v, s), run, _totals(totals), us / 1e6, dirty, finished)
            for m, v, s, run, totals, us, dirty, finished in rows
        ]

    def has_waiting(self, window: Window) -> bool:
        """Whether predictions of the window are in the history and not in MLflow."""
        open_batch = select(export_batches.c.id).where(
            export_batches.c.exported_us.is_(None), _in_window(export_batches, window)
        )
        unclaimed = select(predictions.c.seq).where(
            predictions.c.export_batch_id.is_(None), _in_window(predictions, window)
        )
        with _reachable(), reading(self._engine) as connection:
            return any(connection.scalar(q.limit(1)) is not None for q in (open_batch, unclaimed))

    def latency_percentiles(self, window: Window, wanted: Sequence[int]) -> dict[int, float]:
        """Nearest-rank percentiles of the total milliseconds, read in order from the index."""
        c = predictions.c
        inside = _in_window(predictions, window)
        ordered = select(c.total_ms).where(inside).order_by(c.total_ms).limit(1)
        with _reachable(), reading(self._engine) as connection:
            count = connection.scalar(select(func.count(c.total_ms)).where(inside)) or 0
            ranks = {p: max(0, math.ceil(count * p / 100) - 1) for p in wanted}
            return {
                percent: float(connection.scalar(ordered.offset(rank)) or 0.0)
                for percent, rank in ranks.items()
                if count
            }

    def refreshed(self, window: Window, *, finished: bool) -> None:
        """The window's run shows its totals now."""
        self._update_window(window, refreshed_us=_now_us(), dirty=False, finished=finished)

    def backlog(self) -> Backlog:
        c = predictions.c
        pending = select(export_batches.c.id).where(export_batches.c.exported_us.is_(None))
        waits = (c.export_batch_id.is_(None), c.export_batch_id.in_(pending))
        count = 0
        oldest: list[int] = []
        with _reachable(), reading(self._engine) as connection:
            for condition in waits:
                count += connection.scalar(select(func.count()).where(condition)) or 0
                first = select(c.created_us).where(condition).order_by(c.seq).limit(1)
                oldest += connection.scalars(first)
        return Backlog(count, min(oldest) / 1e6 if oldest else None)

    def _update_window(self, window: Window, **values: Any) -> None:
        statement = update(mlflow_windows).where(_in_window(mlflow_windows, window))
        with _reachable(), writing(self._engine) as connection:
            connection.execute(statement.values(**values))


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise HistoryUnavailableError from error


def _now_us() -> int:
    return time.time_ns() // 1000


def _window_columns(table: Any) -> tuple[Any, Any, Any]:
    return table.c.model_name, table.c.model_version, table.c.window_start


def _in_window(table: Any, window: Window) -> Any:
    name, version, start = _window_columns(table)
    return and_(start == window.start, name == window.model_name, version == window.model_version)


def _batch_row(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "model_name": batch.window.model_name,
        "model_version": batch.window.model_version,
        "window_start": batch.window.start,
        "size": batch.size,
        "created_us": _now_us(),
    }


def _window_row(window: Window) -> dict[str, Any]:
    return {
        "model_name": window.model_name,
        "model_version": window.model_version,
        "window_start": window.start,
        "totals": "{}",
        "refreshed_us": 0,
        "dirty": False,
        "finished": False,
    }


def _totals(text: str | None) -> Totals:
    return Totals(**orjson.loads(text or "{}"))
