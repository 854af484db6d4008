"""Keeps MLflow from growing for ever: old traces go, and old windows with their tables.

Works through the tracking server alone, beside the export and under its lock. A run is deleted as
MLflow deletes: it stays in its database, without its artifacts, until `mlflow gc`.
"""

from __future__ import annotations

import time
from urllib.parse import quote, urlsplit

import httpx
import structlog

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.mlflow_client import WINDOW_TAG, reaches_through_proxy

log = structlog.get_logger(__name__)

_DAY_SECONDS = 86_400
_EVERY_SECONDS = 3600.0
_TRACES_AT_ONCE = 100  # what one call of MLflow removes
_RUNS_AT_ONCE = 50
_MOST_CALLS = 200  # a round: the export waits meanwhile, and the next round goes on
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

        Raises `MlflowUnavailableError`; the next time goes on.
        """
        if not self._days or time.monotonic() < self._next_at:
            return 0
        before_ms = round((time.time() - self._days * _DAY_SECONDS) * 1000)
        traces, more_traces = self._remove_traces(experiment_id, before_ms)
        runs, more_runs = self._remove_runs(experiment_id, before_ms)
        if not (more_traces or more_runs):
            self._next_at = time.monotonic() + _EVERY_SECONDS
        if traces or runs:
            log.info("mlflow_cleaned", traces=traces, runs=runs)
        return traces + runs

    def close(self) -> None:
        self._http.close()

    def _remove_traces(self, experiment_id: str, before_ms: int) -> tuple[int, bool]:
        wanted = {
            "experiment_id": experiment_id,
            "max_timestamp_millis": before_ms,
            "max_traces": _TRACES_AT_ONCE,
        }
        removed = 0
        for _ in range(_MOST_CALLS):
            answer = self._ask("POST", "/api/3.0/mlflow/traces/delete-traces", json=wanted)
            count = int(answer.json().get("traces_deleted", 0))
            removed += count
            if count < _TRACES_AT_ONCE:
                return removed, False
        return removed, True

    def _remove_runs(self, experiment_id: str, before_ms: int) -> tuple[int, bool]:
        search = {
            "experiment_ids": [experiment_id],
            "filter": f"attributes.start_time < {before_ms} AND attributes.status != 'RUNNING'",
            "order_by": ["attributes.start_time ASC"],
            "max_results": _RUNS_AT_ONCE,
        }
        found = self._ask("POST", "/api/2.0/mlflow/runs/search", json=search).json()
        runs = [run for run in found.get("runs", []) if _is_ours(run)]
        for run in runs:
            self._remove_artifacts(run["info"]["artifact_uri"])
            self._ask("POST", "/api/2.0/mlflow/runs/delete", json={"run_id": run["info"]["run_id"]})
        return len(runs), len(runs) == _RUNS_AT_ONCE

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


def _is_ours(run: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    """A window, or a prediction's run; people's own runs in the experiment stay."""
    tags = {tag["key"] for tag in run.get("data", {}).get("tags", [])}
    return bool(tags & {WINDOW_TAG, "sightglass.prediction"})
