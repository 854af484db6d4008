"""MLflow as production has it: PostgreSQL behind it, artifacts handed out by its server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from mlflow import MlflowClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from sightglass.backup.archive import BackupError
from sightglass.backup.create import Part, create
from sightglass.backup.restore import restore
from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.history import History
from sightglass.predictions.ledger import ExportLedger
from sightglass.predictions.sinks import mlflow_retention
from sightglass.predictions.sinks.mlflow_export import MlflowExport
from sightglass.settings import Settings
from sightglass.storage.database import create_engine, migrate
from tests.integration.servers import MlflowServer, Server, free_port
from tests.integration.sql_servers import PostgresServer
from tests.made_predictions import make_prediction

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

WITHOUT = (Part.REDIS, Part.IMAGES, Part.MODELS)
EXPERIMENT = "drill"
# One for all, one after the other: MLflow's client remembers where the server of a run is.
_PORT = free_port()


class S3Server(Server):
    """moto's S3, which asks for no key that is right."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False

    def make_buckets(self) -> None:
        for bucket in ("old", "new"):
            url = f"http://127.0.0.1:{self.port}/{bucket}"
            httpx.put(url, trust_env=False).raise_for_status()


class ProductionMlflow(MlflowServer):
    """With its rows in PostgreSQL and its artifacts in a bucket."""

    def __init__(self, folder: Path, database_url: str, bucket: str, s3: S3Server) -> None:
        super().__init__(folder, _PORT)
        self._database_url = database_url
        self._bucket = bucket
        self._s3 = s3

    def start_once(self) -> None:
        """Start it, unless a test before did."""
        if self._process is None:
            self.start()

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"),
            *("--backend-store-uri", self._database_url),
            *("--artifacts-destination", f"s3://{self._bucket}"),
        ]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self._s3.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="sightglass-mlflow-backup-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def s3(folder: Path) -> Iterator[S3Server]:
    with S3Server(folder / "s3", free_port()) as server:
        server.make_buckets()
        yield server


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(folder / "postgres") as server:
        engine = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in ("mlflow_old", "mlflow_new"):
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        yield server


@pytest.fixture(scope="module")
def mlflow(folder: Path, postgres: PostgresServer, s3: S3Server) -> Iterator[ProductionMlflow]:
    """On the new database and bucket; tests start it when they need it first."""
    server = ProductionMlflow(folder / "new", database_of(postgres, "mlflow_new"), "new", s3)
    yield server
    server.stop()


def database_of(postgres: PostgresServer, name: str) -> str:
    return postgres.url.rpartition("/")[0] + f"/{name}"


def settings_for(folder: Path, mlflow: MlflowServer, mlflow_database: str) -> Settings:
    return Settings(
        _env_file=None,
        state_dir=folder,
        mlflow_tracking_uri=mlflow.url,
        mlflow_database_url=mlflow_database,
        mlflow_experiment_name=EXPERIMENT,
    )


def export(settings: Settings, **options: Any) -> int:
    engine = create_engine(settings.resolved_database_url)
    exporter = MlflowExport(
        ExportLedger(engine), settings.mlflow_tracking_uri, EXPERIMENT, **options
    )
    until = time.monotonic() + 90
    try:
        while True:
            try:
                return exporter.run_once()
            except MlflowUnavailableError:  # the server imports what S3 needs when it is first used
                if time.monotonic() > until:
                    raise
    finally:
        exporter.close()
        engine.dispose()


def seen(mlflow: MlflowServer) -> dict[str, Any]:
    """What people find in MLflow: runs with their numbers, tables, traces with their spans."""
    with httpx.Client(base_url=mlflow.url, trust_env=False, timeout=30) as http:
        api = "/api/2.0/mlflow"
        named = http.get(f"{api}/experiments/get-by-name", params={"experiment_name": EXPERIMENT})
        experiment = named.json()["experiment"]["experiment_id"]
        search = {"experiment_ids": [experiment], "max_results": 100}
        runs = http.post(f"{api}/runs/search", json=search).json().get("runs", [])
        tables = {}
        for run in runs:
            run_id = run["info"]["run_id"]
            listed = http.get(
                f"{api}/artifacts/list", params={"run_id": run_id, "path": "predictions"}
            ).json()
            for file in listed.get("files", []):
                path = {"run_uuid": run_id, "path": file["path"]}
                tables[file["path"]] = http.get("/get-artifact", params=path).content
        located = [
            {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
        ]
        traces = http.post(
            "/api/3.0/mlflow/traces/search", json={"locations": located, "max_results": 100}
        ).json()
        return {
            "runs": sorted((r["info"]["run_id"], len(r["data"].get("metrics", []))) for r in runs),
            "tables": tables,
            "traces": sorted(t["trace_id"] for t in traces.get("traces", [])),
        }


def test_rows_and_bucket_come_back(
    folder: Path,
    postgres: PostgresServer,
    s3: S3Server,
    mlflow: ProductionMlflow,
    tmp_path: Path,
) -> None:
    old_database, new_database = (database_of(postgres, f"mlflow_{n}") for n in ("old", "new"))
    with ProductionMlflow(folder / "old", old_database, "old", s3) as old:
        settings = settings_for(folder / "state-old", old, old_database)
        migrate(settings.resolved_database_url)
        engine = create_engine(settings.resolved_database_url)
        History(engine).add([make_prediction(seed) for seed in range(30)])
        assert export(settings, traces_per_second=100) == 30
        before = seen(old)
        assert before["tables"]
        assert before["runs"]
        assert len(before["traces"]) == 30
        path = create(settings, tmp_path / "backups", without=WITHOUT)
        engine.dispose()
    mlflow.start_once()
    settings = settings_for(folder / "state-new", mlflow, new_database)
    restore(settings, path)
    assert seen(mlflow) == before
    with pytest.raises(BackupError, match="not empty"):
        restore(settings, path)
    # It goes on where it was: the same window, and rows that meet no old number.
    engine = create_engine(settings.resolved_database_url)
    History(engine).add([make_prediction(seed) for seed in range(100, 105)])
    assert export(settings, traces_per_second=100) == 5
    assert len(seen(mlflow)["traces"]) == 35
    restore(settings, path, force=True)  # while the server runs
    assert seen(mlflow)["traces"] == before["traces"]
    engine.dispose()


def test_export_waits_while_a_backup_reads(
    folder: Path, postgres: PostgresServer, mlflow: ProductionMlflow, tmp_path: Path
) -> None:
    """Else our books would call exported what the copy of MLflow has not."""
    settings = settings_for(folder / "state-waits", mlflow, database_of(postgres, "mlflow_new"))
    migrate(settings.resolved_database_url)
    mlflow.start_once()
    engine = create_engine(settings.resolved_database_url)
    History(engine).add([make_prediction(seed) for seed in range(200, 203)])
    exported: list[int] = []

    def say(step: str) -> None:
        if step == "MLflow":
            exported.append(export(settings))

    create(settings, tmp_path / "backups", without=WITHOUT, say=say)
    assert exported == [0]
    assert export(settings) == 3
    engine.dispose()


def test_object_store_away_for_a_while(
    folder: Path, postgres: PostgresServer, s3: S3Server, mlflow: ProductionMlflow
) -> None:
    """The export waits, and is told what to wait for; nothing is there twice afterwards."""
    settings = settings_for(folder / "state-away", mlflow, database_of(postgres, "mlflow_new"))
    migrate(settings.resolved_database_url)
    mlflow.start_once()
    engine = create_engine(settings.resolved_database_url)
    added = [make_prediction(seed) for seed in range(300, 303)]
    History(engine).add(added)
    exporter = MlflowExport(ExportLedger(engine), mlflow.url, EXPERIMENT)
    s3.kill()
    with pytest.raises(MlflowUnavailableError):
        exporter.run_once()
    assert ExportLedger(engine).backlog().predictions == 3
    s3.start()
    s3.make_buckets()  # moto keeps nothing
    assert export(settings) == 3
    assert ExportLedger(engine).backlog().predictions == 0
    traces = seen(mlflow)["traces"]
    assert [traces.count(f"tr-{each.id}") for each in added] == [1, 1, 1]
    exporter.close()
    engine.dispose()


def test_old_traces_and_windows_go(
    folder: Path,
    postgres: PostgresServer,
    mlflow: ProductionMlflow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ours alone: what people put into the experiment stays, and hides nothing of ours."""
    monkeypatch.setattr(mlflow_retention, "_RUNS_AT_ONCE", 3)
    settings = settings_for(folder / "state-third", mlflow, database_of(postgres, "mlflow_new"))
    migrate(settings.resolved_database_url)
    mlflow.start_once()
    engine = create_engine(settings.resolved_database_url)
    old = [make_prediction(seed, created_at=1_700_000_000.0 + seed) for seed in range(120)]
    History(engine).add([*old, make_prediction(500)])
    had = seen(mlflow)
    people = add_work_of_people(mlflow, runs=4)
    export(settings, traces_per_second=1000)
    assert len(seen(mlflow)["tables"]) == len(had["tables"]) + 2
    export(settings, traces_per_second=1000, retention_days=30)
    left = seen(mlflow)
    assert not {f"tr-{p.id}" for p in old} & set(left["traces"])
    assert any(trace not in had["traces"] for trace in set(left["traces"]) - people)
    assert len(left["tables"]) == len(had["tables"]) + 1
    assert people <= {*(run for run, _ in left["runs"]), *left["traces"]}
    engine.dispose()


def test_clean_up_that_mlflow_refuses_does_not_hold_up_the_export(tmp_path: Path) -> None:
    """It is tried again minutes later; the export itself goes on."""
    retention = mlflow_retention.MlflowRetention(f"http://127.0.0.1:{free_port()}", 30)
    assert retention.run_when_due("0") == 0
    assert retention.run_when_due("0") == 0
    retention.close()


def add_work_of_people(mlflow: MlflowServer, *, runs: int) -> set[str]:
    """Runs and a trace of theirs in our experiment, older than all of ours; returns the ids."""
    client = MlflowClient(mlflow.url)
    named = client.get_experiment_by_name(EXPERIMENT)
    experiment = client.create_experiment(EXPERIMENT) if named is None else named.experiment_id
    made = set()
    for number in range(runs):
        run = client.create_run(experiment, start_time=1_600_000_000_000 + number)
        client.set_terminated(run.info.run_id)
        made.add(run.info.run_id)
    spans = [
        Span(
            trace_id=bytes.fromhex("77" * 16),
            span_id=bytes(8 * [7]),
            name="predict",
            start_time_unix_nano=1_600_000_000 * 10**9,
            end_time_unix_nano=1_600_000_001 * 10**9,
        )
    ]
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]
    )
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
    sent = request.SerializeToString()
    answer = httpx.post(f"{mlflow.url}/v1/traces", content=sent, headers=headers, trust_env=False)
    answer.raise_for_status()
    return made | {f"tr-{'77' * 16}"}
