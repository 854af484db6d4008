"""Keeps MLflow from growing for ever: old traces go, and old windows with their tables.

Works through the tracking server alone, beside the export and under its lock, and touches nothing
that people put into the same experiment. A run is deleted as MLflow deletes: it stays in its
database, without its artifacts, until `mlflow gc`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, urlsplit

import httpx
import structlog

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.mlflow_client import PREDICTION_TAG, WINDOW_TAG, reaches_through_proxy

log = structlog.get_logger(__name__)

_DAY_SECONDS = 86_400
_EVERY_SECONDS = 3600.0
_AFTER_TROUBLE_SECONDS = 300.0
_MOST_SECONDS = 10.0  # a round: the export waits meanwhile, and the next round goes on
_TRACES_AT_ONCE = 100  # what one call of MLflow removes
_RUNS_AT_ONCE = 50
# What our traces and runs have, and those of people have not: see `trace_spans`, `mlflow_runs`.
_OUR_TRACES = "tags.`mlflow.traceName` = 'predict' AND tags.model LIKE '%'"
_OUR_RUNS = (WINDOW_TAG, PREDICTION_TAG)
_TIMEOUT = httpx.Timeout(30.0, connect=2.0)


class MlflowRetention:
    """`days` 0 keeps everything."""

    def __init__(self, tracking_uri: str, days: float) -> None:
        self._uri = tracking_uri.rstrip("/")
        self._days = days
        self._next_at = 0.0
        self._http = httpx.Client(timeout=_TIMEOUT, trust_env=reaches_through_proxy(tracking_uri))

    def run_when_due(self, experiment_id: str) -> int:
        """Remove what is past its days; returns how many traces and runs.

        When MLflow fails it is left for later: the export does not depend on it.
        """
        if not self._days or time.monotonic() < self._next_at:
            return 0
        before_ms = round((time.time() - self._days * _DAY_SECONDS) * 1000)
        until = time.monotonic() + _MOST_SECONDS
        steps: list[Callable[[str, int], int]] = [self._remove_traces]
        steps += [partial(self._remove_runs, tag) for tag in _OUR_RUNS]
        removed = 0
        try:
            while steps and time.monotonic() < until:
                count = steps[0](experiment_id, before_ms)
                removed += count
                if not count:
                    steps.pop(0)
            pause = 0.0 if steps else _EVERY_SECONDS
        except MlflowUnavailableError as error:
            log.warning("mlflow_cleanup_interrupted", reason=str(error))
            pause = _AFTER_TROUBLE_SECONDS
        self._next_at = time.monotonic() + pause
        if removed:
            log.info("mlflow_cleaned", count=removed)
        return removed

    def close(self) -> None:
        self._http.close()

    def _remove_traces(self, experiment_id: str, before_ms: int) -> int:
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
        search = {
            "locations": [place],
            "filter": f"attributes.timestamp_ms < {before_ms} AND {_OUR_TRACES}",
            "max_results": _TRACES_AT_ONCE,
        }
        found = self._ask("POST", "/api/3.0/mlflow/traces/search", json=search).json()
        ids = [trace["trace_id"] for trace in found.get("traces", [])]
        if not ids:
            return 0
        wanted = {"experiment_id": experiment_id, "request_ids": ids}
        answer = self._ask("POST", "/api/3.0/mlflow/traces/delete-traces", json=wanted)
        return int(answer.json().get("traces_deleted", 0))

    def _remove_runs(self, tag: str, experiment_id: str, before_ms: int) -> int:
        old = f"attributes.start_time < {before_ms} AND attributes.status != 'RUNNING'"
        search = {
            "experiment_ids": [experiment_id],
            "filter": f"{old} AND tags.`{tag}` LIKE '%'",
            "max_results": _RUNS_AT_ONCE,
        }
        found = self._ask("POST", "/api/2.0/mlflow/runs/search", json=search).json()
        runs = [run["info"] for run in found.get("runs", [])]
        for run in runs:
            self._remove_artifacts(run["artifact_uri"])
            self._ask("POST", "/api/2.0/mlflow/runs/delete", json={"run_id": run["run_id"]})
        return len(runs)

    def _remove_artifacts(self, uri: str) -> None:
        """Only what the server keeps; a store that clients reach by themselves is not ours."""
        parts = urlsplit(uri)
        if parts.scheme == "mlflow-artifacts":
            path = quote(parts.path.strip("/"))
            place = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
            self._ask("DELETE", place, allowed=(httpx.codes.NOT_FOUND,))

    def _ask(
        self, method: str, path: str, *, json: object = None, allowed: tuple[int, ...] = ()
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, self._uri + path, json=json)
        except httpx.HTTPError as error:
            raise MlflowUnavailableError from error
        if answer.is_success or answer.status_code in allowed:
            return answer
        raise MlflowUnavailableError(f"MLflow answered {answer.status_code} to a clean-up.")
