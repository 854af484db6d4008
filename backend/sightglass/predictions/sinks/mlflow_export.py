"""From the history to MLflow, on a thread of the drain: batches, traces, and windows' metrics.

Every step may be repeated. A crash or an outage between two of them repeats the batch under the
same names, so nothing is missing and nothing is there twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog

from sightglass.errors import HistoryUnavailableError, MlflowUnavailableError
from sightglass.observability import metrics
from sightglass.predictions.ledger import Batch, ExportLedger, Totals, Window, WindowState
from sightglass.predictions.record import Prediction
from sightglass.predictions.sinks.mlflow_retention import MlflowRetention
from sightglass.predictions.sinks.mlflow_runs import MlflowRuns
from sightglass.predictions.sinks.mlflow_traces import TraceSender
from sightglass.predictions.sinks.trace_sample import choose_traced

log = structlog.get_logger(__name__)

BATCH_SIZE = 1000
_REFRESH_SECONDS = 10.0  # of a window's metrics: each refresh reads the window's latencies
_FINISH_AFTER_SECONDS = 5.0  # after its hour, for what the journal still holds
_MAX_PAUSE_SECONDS = 30.0
_PERCENTILES = (50, 95, 99)


class MlflowExport:
    """One exporter works at a time, however many drains run."""

    def __init__(
        self,
        ledger: ExportLedger,
        tracking_uri: str,
        experiment_name: str,
        *,
        traces_per_second: float = 5.0,
        run_per_prediction: bool = False,
        flush_seconds: float = 3.0,
        retention_days: float = 0,
    ) -> None:
        self._ledger = ledger
        self._runs = MlflowRuns(tracking_uri, experiment_name)
        self._traces = TraceSender(tracking_uri)
        self._retention = MlflowRetention(tracking_uri, retention_days)
        self._traces_per_second = traces_per_second
        self._run_per_prediction = run_per_prediction
        self._flush_seconds = flush_seconds
        self._logged: dict[str, dict[str, float]] = {}  # run id -> metrics as MLflow has them
        self._trouble = ""

    def run_forever(self, stop: threading.Event) -> None:
        """Until `stop` is set: a round every `flush_seconds`, rarer while MLflow is away."""
        meter = threading.Thread(target=self._measure_forever, args=(stop,), daemon=True)
        meter.start()
        pause = self._flush_seconds
        while not stop.wait(pause):
            try:
                self.run_once(stop)
                self._recovered()
                pause = self._flush_seconds
            except Exception as error:
                self._failed(error)
                pause = min(_MAX_PAUSE_SECONDS, 2 * pause)
        self.close()

    def run_once(self, stop: threading.Event | None = None) -> int:
        """Export what waits; returns how many predictions.

        Raises `MlflowUnavailableError` and `HistoryUnavailableError`; the next round goes on.
        """
        exported = 0
        with self._ledger.alone() as alone:
            if not alone:
                return 0
            for batch in self._ledger.unfinished():
                exported += self._export(batch)
            last = self._ledger.last_seq()
            while not (stop and stop.is_set()):
                claimed = self._ledger.claim(BATCH_SIZE, up_to_seq=last)
                if claimed is None:
                    break
                exported += self._export(claimed)
            self._refresh_windows()
            self._retention.run_when_due(self._runs.experiment_id())
        return exported

    def close(self) -> None:
        """Let go of the connections."""
        self._traces.close()
        self._retention.close()

    # --- batches

    def _export(self, batch: Batch) -> int:
        rows = self._ledger.predictions_of(batch)
        experiment_id = self._runs.experiment_id()
        run_id = self._run_of(batch.window, experiment_id)
        self._runs.upload_part(run_id, batch, rows)
        if self._run_per_prediction:
            self._runs.log_one_by_one(batch, rows, experiment_id, run_id)
        traced = self._send_traces(rows, experiment_id, run_id)
        totals = Totals.of(rows)
        totals.traces_left_out = len(rows) - len(traced)
        self._ledger.close(batch, totals, traced)
        metrics.drain_predictions.labels("mlflow").inc(len(rows))
        return len(rows)

    def _send_traces(
        self, rows: Sequence[Prediction], experiment_id: str, run_id: str
    ) -> list[str]:
        chosen = choose_traced(rows, self._traces_per_second)
        return self._traces.send(chosen, experiment_id, run_id)

    def _run_of(self, window: Window, experiment_id: str) -> str:
        known = self._ledger.run_id(window)
        run_id = self._runs.window_run(window, known, experiment_id)
        if run_id != known:
            self._ledger.set_run_id(window, run_id)
        return run_id

    # --- windows

    def _refresh_windows(self) -> None:
        now = time.time()
        for state in self._ledger.open_windows():
            ends = now > state.window.end + _FINISH_AFTER_SECONDS
            ends = ends and not self._ledger.has_waiting(state.window)
            due = state.dirty and now - state.refreshed_at >= _REFRESH_SECONDS
            if due or ends:
                self._refresh(state, ends=ends)

    def _refresh(self, state: WindowState, *, ends: bool) -> None:
        run_id = self._run_of(state.window, self._runs.experiment_id())
        values = self._values(state)
        logged = self._logged.setdefault(run_id, {})
        changed = {name: value for name, value in values.items() if logged.get(name) != value}
        if changed:
            step = int(min(time.time(), state.window.end) - state.window.start)
            self._runs.log_metrics(run_id, changed, step)
        logged.update(changed)
        if ends:
            self._runs.finish(run_id, state.window)
            self._logged.pop(run_id, None)
        self._ledger.refreshed(state.window, finished=ends)

    def _values(self, state: WindowState) -> dict[str, float]:
        totals = state.totals
        percentiles = self._ledger.latency_percentiles(state.window, _PERCENTILES)
        values: dict[str, float] = {
            "predictions": totals.predictions,
            "errors": totals.errors,
            "timeouts": totals.timeouts,
            "detections": totals.detections,
            "detections_per_image": totals.detections / max(1, totals.predictions),
            "traces_left_out": totals.traces_left_out,
            **{f"latency_p{percent}_ms": value for percent, value in percentiles.items()},
            **{f"class_{name}": count for name, count in totals.classes.items()},
        }
        if totals.confidences:
            values["mean_confidence"] = totals.confidence_sum / totals.confidences
        return values

    # --- around it

    def _measure_forever(self, stop: threading.Event) -> None:
        """On a thread of its own: the lag must show while a round hangs in MLflow's answer."""
        while not stop.wait(self._flush_seconds):
            self._measure()

    def _measure(self) -> None:
        try:
            backlog = self._ledger.backlog()
        except HistoryUnavailableError:
            return
        lag = max(0.0, time.time() - backlog.oldest) if backlog.oldest else 0.0
        metrics.drain_lag.labels("mlflow").set(lag)
        metrics.drain_backlog.labels("mlflow").set(backlog.predictions)

    def _failed(self, error: Exception) -> None:
        metrics.drain_errors.labels("mlflow").inc()
        self._runs.forget()
        if not isinstance(error, MlflowUnavailableError | HistoryUnavailableError):
            log.exception("mlflow_export_failed")
        elif str(error) != self._trouble:
            log.warning("mlflow_export_interrupted", reason=str(error))
        self._trouble = str(error)

    def _recovered(self) -> None:
        if self._trouble:
            log.info("mlflow_export_resumed")
        self._trouble = ""
