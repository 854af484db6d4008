"""A record links to its pages in a real MLflow, and to none while that is away."""

from __future__ import annotations

from pathlib import Path

import httpx

from sightglass.predictions.history import History
from sightglass.predictions.ledger import ExportLedger
from sightglass.predictions.sinks.mlflow_export import MlflowExport
from sightglass.settings import Settings
from sightglass.storage.database import create_engine
from tests.contract.api_server import ApiServer
from tests.integration.servers import MlflowServer, RedisServer
from tests.made_predictions import make_prediction


def test_record_links_to_its_run_and_trace(tmp_path: Path, redis_server: RedisServer) -> None:
    with MlflowServer(tmp_path / "mlflow") as mlflow:
        server = ApiServer(
            tmp_path / "api",
            redis_server.url,
            mlflow_tracking_uri=mlflow.url,
            mlflow_public_url="https://mlflow.example",
        )
        with server, server.client() as client:
            exported = export_one(server, mlflow)
            links = client.get(f"/predictions/{exported}").json()["mlflow"]
            pages = "https://mlflow.example/#/experiments/1"
            assert links["run_url"] == f"{pages}/runs/{links['run_id']}"
            assert links["trace_url"] == f"{pages}/traces/{links['trace_id']}"
            [run] = client.get("/mlflow/runs").json()["runs"]
            assert run["url"] == links["run_url"]
            trace = httpx.get(
                f"{mlflow.url}/api/3.0/mlflow/traces/{links['trace_id']}", trust_env=False
            )
            location = trace.json()["trace"]["trace_info"]["trace_location"]
            assert location["mlflow_experiment"]["experiment_id"] == "1"


def export_one(server: ApiServer, mlflow: MlflowServer) -> str:
    """Play the drain: one prediction in the history and in MLflow; returns its id."""
    settings = Settings(_env_file=None, state_dir=server.folder / "state")
    engine = create_engine(settings.resolved_database_url)
    prediction = make_prediction()
    History(engine).add([prediction])
    export = MlflowExport(
        ExportLedger(engine), mlflow.url, settings.mlflow_experiment_name, traces_per_second=1000
    )
    assert export.run_once() == 1
    export.close()
    engine.dispose()
    return prediction.id


def test_without_mlflow_the_record_is_there_without_links(
    client: httpx.Client, history: History
) -> None:
    prediction = make_prediction()
    history.add([prediction])
    links = client.get(f"/predictions/{prediction.id}").json()["mlflow"]
    assert links == {"run_id": None, "trace_id": None, "run_url": None, "trace_url": None}
