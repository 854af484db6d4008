"""Writes to MLflow: the experiment, one run per window with its table and metrics.

The only module that imports mlflow, and only when it is first used: the API never pays for it.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.ledger import Batch, Window
from sightglass.predictions.mlflow_client import (
    MODEL_TAG,
    PREDICTION_TAG,
    VERSION_TAG,
    WINDOW_START_TAG,
    WINDOW_TAG,
)
from sightglass.predictions.record import Outcome, Prediction
from sightglass.predictions.sinks.parquet_part import write_part

log = structlog.get_logger(__name__)

BATCH_TAG = "sightglass.batch"
_METRICS_AT_ONCE = 500  # MLflow takes 1,000
_RUNS_AT_ONCE = 1000
# A dead server is to fail at once: the batch comes again anyway.
_CLIENT_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class MlflowRuns:
    """Every method raises `MlflowUnavailableError` when MLflow cannot be used."""

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        self._tracking_uri = tracking_uri
        self._experiment_name = experiment_name
        self._client: Any = None
        self._experiment_id: str | None = None
        self._checked: set[str] = set()  # runs known to be there and active

    def forget(self) -> None:
        """Look everything up again: something failed, MLflow may have been replaced."""
        self._experiment_id = None
        self._checked.clear()

    def experiment_id(self) -> str:
        """Of the experiment, which is made when it is missing."""
        if self._experiment_id is None:
            self._experiment_id = self._find_or_create_experiment()
        return self._experiment_id

    def window_run(self, window: Window, known_id: str | None, experiment_id: str) -> str:
        """The run of a window: the known one, one found by its tag, or a new one."""
        if known_id is not None and known_id in self._checked:
            return known_id
        if known_id is None or not self._is_usable(known_id, experiment_id):
            found = self._find_window(window, experiment_id)
            known_id = found or self._create_window(window, experiment_id)
        self._checked.add(known_id)
        return known_id

    def upload_part(self, run_id: str, batch: Batch, rows: Sequence[Prediction]) -> None:
        """The table of a batch. Its name follows from the batch, so a second time replaces it."""
        with tempfile.TemporaryDirectory(prefix="sightglass-") as folder:
            path = Path(folder) / f"part-{batch.id}.parquet"
            write_part(rows, path)
            with self._reachable() as client:
                client.log_artifact(run_id, str(path), "predictions")

    def log_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        """A point of each metric, as of now."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        points = [Metric(_metric_name(name), v, now, step) for name, v in values.items()]
        with self._reachable() as client:
            for start in range(0, len(points), _METRICS_AT_ONCE):
                client.log_batch(run_id, metrics=points[start : start + _METRICS_AT_ONCE])

    def finish(self, run_id: str, window: Window) -> None:
        with self._reachable() as client:
            client.set_terminated(run_id, "FINISHED", end_time=window.end * 1000)

    def log_one_by_one(
        self, batch: Batch, rows: Sequence[Prediction], experiment_id: str, parent_id: str
    ) -> None:
        """A run per prediction, under its window's run. What is there already stays as it is."""
        with self._reachable() as client:
            done = self._logged_before(client, batch, experiment_id)
            for prediction in rows:
                status, run_id = done.get(prediction.id, ("", ""))
                if status != "FINISHED":
                    self._log_one(client, prediction, batch, experiment_id, parent_id, run_id)

    # --- windows

    def _find_or_create_experiment(self) -> str:
        with self._reachable() as client:
            experiment = client.get_experiment_by_name(self._experiment_name)
            if experiment is None:
                return str(client.create_experiment(self._experiment_name))
        if experiment.lifecycle_stage != "active":
            raise MlflowUnavailableError(
                f"The MLflow experiment {self._experiment_name!r} was deleted. Restore it with "
                f"`mlflow experiments restore --experiment-id {experiment.experiment_id}`, or "
                "set MLFLOW_EXPERIMENT_NAME to another one."
            )
        return str(experiment.experiment_id)

    def _is_usable(self, run_id: str, experiment_id: str) -> bool:
        with self._reachable() as client:
            from mlflow.exceptions import MlflowException

            try:
                info = client.get_run(run_id).info
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return False
                raise
        return info.lifecycle_stage == "active" and str(info.experiment_id) == experiment_id

    def _find_window(self, window: Window, experiment_id: str) -> str | None:
        with self._reachable() as client:
            runs = client.search_runs(
                [experiment_id], f"tags.`{WINDOW_TAG}` = '{window.tag}'", max_results=1
            )
        return str(runs[0].info.run_id) if runs else None

    def _create_window(self, window: Window, experiment_id: str) -> str:
        from mlflow.entities import Param

        start = datetime.fromtimestamp(window.start, UTC).isoformat().replace("+00:00", "Z")
        with self._reachable() as client:
            run = client.create_run(
                experiment_id,
                start_time=window.start * 1000,
                run_name=window.run_name,
                tags={
                    WINDOW_TAG: window.tag,
                    WINDOW_START_TAG: start,
                    MODEL_TAG: window.model_name,
                    VERSION_TAG: window.model_version,
                },
            )
            params = {
                "model_name": window.model_name,
                "model_version": window.model_version,
                "window_start": start,
            }
            client.log_batch(run.info.run_id, params=[Param(k, v) for k, v in params.items()])
        return str(run.info.run_id)

    # --- one run per prediction

    def _logged_before(
        self, client: Any, batch: Batch, experiment_id: str
    ) -> dict[str, tuple[str, str]]:
        runs = client.search_runs(
            [experiment_id], f"tags.`{BATCH_TAG}` = '{batch.id}'", max_results=_RUNS_AT_ONCE
        )
        return {run.data.tags[PREDICTION_TAG]: (run.info.status, run.info.run_id) for run in runs}

    def _log_one(
        self,
        client: Any,
        prediction: Prediction,
        batch: Batch,
        experiment_id: str,
        parent_id: str,
        run_id: str,
    ) -> None:
        from mlflow.entities import Metric, Param

        created_ms = int(prediction.created_at * 1000)
        if not run_id:
            tags = {
                BATCH_TAG: batch.id,
                PREDICTION_TAG: prediction.id,
                MODEL_TAG: prediction.model.name,
                VERSION_TAG: prediction.model.version,
                "mlflow.parentRunId": parent_id,
            }
            name = prediction.image.name or prediction.id
            run = client.create_run(experiment_id, created_ms, tags, run_name=name)
            run_id = run.info.run_id
        metrics = {
            "total_ms": prediction.total_milliseconds,
            "num_detections": float(len(prediction.detections)),
            **{f"{stage}_ms": value for stage, value in prediction.milliseconds.items()},
        }
        params = {
            "outcome": prediction.outcome.value,
            "source": prediction.source.value,
            "image_name": prediction.image.name or "",
            "sha256": prediction.image.sha256 or "",
        }
        client.log_batch(
            run_id,
            metrics=[Metric(_metric_name(k), v, created_ms, 0) for k, v in metrics.items()],
            params=[Param(k, v[:500]) for k, v in params.items()],
        )
        ended_ms = created_ms + int(prediction.total_milliseconds)
        status = "FINISHED" if prediction.outcome is Outcome.SUCCEEDED else "FAILED"
        client.set_terminated(run_id, status, end_time=ended_ms)

    # --- the client

    @contextmanager
    def _reachable(self) -> Iterator[Any]:
        for name, value in _CLIENT_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        import requests
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        if self._client is None:
            self._client = MlflowClient(self._tracking_uri)
        try:
            yield self._client
        except (MlflowException, requests.RequestException, OSError) as error:
            raise MlflowUnavailableError(f"MLflow failed: {type(error).__name__}.") from error


def _metric_name(name: str) -> str:
    """MLflow takes letters, digits, `_-. :/`; class names come from models."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:250]
