"""Reads runs from MLflow over its REST API, for `GET /mlflow/runs` and health.

Only httpx: importing mlflow costs the API process seconds and hundreds of megabytes.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from sightglass.errors import InvalidParameterError, MlflowUnavailableError

WINDOW_TAG = "sightglass.window"
WINDOW_START_TAG = "sightglass.window_start"
MODEL_TAG = "sightglass.model"
VERSION_TAG = "sightglass.model_version"

MAX_RUNS = 1000
_TIMEOUT = httpx.Timeout(3.0, connect=1.0)


def reaches_through_proxy(uri: str) -> bool:
    """Whether a proxy named in the environment may be used; never for this machine itself."""
    host = urlsplit(uri).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


class MlflowReader:
    """Safe to share between threads. Raises `MlflowUnavailableError` within seconds."""

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        self._uri = tracking_uri.rstrip("/")
        self._experiment_name = experiment_name
        self._http = httpx.Client(timeout=_TIMEOUT, trust_env=reaches_through_proxy(tracking_uri))

    def ping(self) -> None:
        """Return when the server answers."""
        self._ask("GET", "/health")

    def list_runs(self, limit: int = 20, model: str | None = None) -> list[dict[str, Any]]:
        """Runs of the experiment, newest first; none when the experiment does not exist yet.

        Raises `InvalidParameterError` for a limit outside 1..1000.
        """
        if not 1 <= limit <= MAX_RUNS:
            raise InvalidParameterError(f"`limit` must be between 1 and {MAX_RUNS}.")
        experiment_id = self._find_experiment()
        if experiment_id is None or (model and "'" in model and '"' in model):
            return []  # a filter of MLflow cannot hold both quotes, nor can our tags
        search: dict[str, Any] = {
            "experiment_ids": [experiment_id],
            "max_results": limit,
            "order_by": ["attributes.start_time DESC"],
        }
        if model:
            quote = '"' if "'" in model else "'"
            search["filter"] = f"tags.`{MODEL_TAG}` = {quote}{model}{quote}"
        found = self._ask("POST", "/api/2.0/mlflow/runs/search", json=search).json()
        return [self._run(run) for run in found.get("runs", [])]

    def close(self) -> None:
        self._http.close()

    def _find_experiment(self) -> str | None:
        answer = self._ask(
            "GET",
            "/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": self._experiment_name},
            allowed=(httpx.codes.NOT_FOUND,),
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(answer.json()["experiment"]["experiment_id"])

    def _ask(
        self, method: str, path: str, *, allowed: tuple[int, ...] = (), **request: Any
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, self._uri + path, **request)
        except httpx.HTTPError as error:
            raise MlflowUnavailableError from error
        if answer.is_success or answer.status_code in allowed:
            return answer
        raise MlflowUnavailableError(f"MLflow answered {answer.status_code}.")

    def _run(self, run: dict[str, Any]) -> dict[str, Any]:
        info, data = run["info"], run.get("data", {})
        tags = _by_key(data.get("tags", []))
        run_id, experiment_id = info["run_id"], info["experiment_id"]
        return {
            "run_id": run_id,
            "name": info.get("run_name"),
            "status": info.get("status"),
            "model": tags.get(MODEL_TAG),
            "version": tags.get(VERSION_TAG),
            "window_start": tags.get(WINDOW_START_TAG),
            "start_time": _time(info.get("start_time")),
            "end_time": _time(info.get("end_time")),
            "metrics": _by_key(data.get("metrics", [])),
            "params": _by_key(data.get("params", [])),
            "url": f"{self._uri}/#/experiments/{experiment_id}/runs/{run_id}",
        }


def _by_key(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in pairs}


def _time(milliseconds: int | str | None) -> str | None:
    if not milliseconds:
        return None
    moment = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
