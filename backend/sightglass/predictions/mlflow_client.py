"""Reads runs from MLflow over its REST API, and knows the addresses of its pages.

Only httpx: importing mlflow costs the API process seconds and hundreds of megabytes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from sightglass.errors import InvalidParameterError, MlflowUnavailableError
from sightglass.settings import is_loopback, without_password

WINDOW_TAG = "sightglass.window"
WINDOW_START_TAG = "sightglass.window_start"
MODEL_TAG = "sightglass.model"
VERSION_TAG = "sightglass.model_version"
PREDICTION_TAG = "sightglass.prediction"

MAX_RUNS = 1000
_TIMEOUT = httpx.Timeout(3.0, connect=1.0)
_LINK_TIMEOUT = httpx.Timeout(0.5)  # links are extras: nobody waits long for them
_ASK_AGAIN_SECONDS = 5.0


def reaches_through_proxy(uri: str) -> bool:
    """Whether a proxy named in the environment may be used; never for this machine itself."""
    return not is_loopback(uri)


class MlflowReader:
    """Safe to share between threads. Raises `MlflowUnavailableError` within seconds."""

    def __init__(
        self, tracking_uri: str, experiment_name: str, public_url: str | None = None
    ) -> None:
        """`public_url` is where browsers open MLflow; without it there are no links to traces."""
        self._uri = tracking_uri.rstrip("/")
        self._public_url = public_url
        self._experiment_name = experiment_name
        self._experiment_id: str | None = None
        self._ask_again_at = 0.0
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
        answer = self._ask("POST", "/api/2.0/mlflow/runs/search", json=search)
        with _understood():
            return [self._run(run) for run in answer.json().get("runs", [])]

    def find_links(self, run_id: str | None, trace_id: str | None) -> tuple[str | None, str | None]:
        """Where a browser opens this run and this trace; None for what is not known now.

        Takes a second at most, and while MLflow is away only once in five.
        """
        experiment_id = self._remember_experiment() if run_id or trace_id else None
        if experiment_id is None:
            return None, None
        run_url = self._run_url(experiment_id, run_id) if run_id else None
        trace_url = f"{self._pages(experiment_id)}/traces/{trace_id}" if trace_id else None
        return run_url, trace_url

    def close(self) -> None:
        self._http.close()

    def _remember_experiment(self) -> str | None:
        """The id of the experiment; MLflow is asked until it has told it."""
        if self._experiment_id or not self._public_url or time.monotonic() < self._ask_again_at:
            return self._experiment_id
        self._ask_again_at = time.monotonic() + _ASK_AGAIN_SECONDS  # first: others shall not wait
        with contextlib.suppress(MlflowUnavailableError):
            self._experiment_id = self._find_experiment(timeout=_LINK_TIMEOUT)
        return self._experiment_id

    def _pages(self, experiment_id: str) -> str:
        address = self._public_url or without_password(self._uri)
        return f"{address}/#/experiments/{experiment_id}"

    def _run_url(self, experiment_id: str, run_id: str) -> str:
        return f"{self._pages(experiment_id)}/runs/{run_id}"

    def _find_experiment(self, timeout: httpx.Timeout = _TIMEOUT) -> str | None:
        answer = self._ask(
            "GET",
            "/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": self._experiment_name},
            allowed=(httpx.codes.NOT_FOUND,),
            timeout=timeout,
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        with _understood():
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
            "url": self._run_url(experiment_id, run_id),
        }


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """Whatever answers 200 without being MLflow, as a login page does, is no MLflow."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MlflowUnavailableError("What answers is not MLflow.") from error


def _by_key(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in pairs}


def _time(milliseconds: int | str | None) -> str | None:
    if not milliseconds:
        return None
    moment = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
