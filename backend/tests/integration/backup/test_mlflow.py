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

from sightglass.backup.archive import BackupError
from sightglass.backup.create import Part, create
from sightglass.backup.restore import restore
from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.history import History
from sightglass.predictions.ledger import ExportLedger
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


class ProductionMlflow(MlflowServer):
    """With its rows in PostgreSQL and its artifacts in a bucket."""

    def __init__(self, folder: Path, database_url: str, bucket: str, s3: S3Server) -> None:
        super().__init__(folder, _PORT)
        self._database_url = database_url
        self._bucket = bucket
        self._s3 = s3

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
        for bucket in ("old", "new"):
            url = f"http://127.0.0.1:{server.port}/{bucket}"
            httpx.put(url, trust_env=False).raise_for_status()
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
    folder: Path, postgres: PostgresServer, s3: S3Server, tmp_path: Path
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
    with ProductionMlflow(folder / "new", new_database, "new", s3) as new:
        settings = settings_for(folder / "state-new", new, new_database)
        restore(settings, path)
        assert seen(new) == before
        with pytest.raises(BackupError, match="not empty"):
            restore(settings, path)
        # It goes on where it was: the same window, and rows that meet no old number.
        engine = create_engine(settings.resolved_database_url)
        History(engine).add([make_prediction(seed) for seed in range(100, 105)])
        assert export(settings, traces_per_second=100) == 5
        assert len(seen(new)["traces"]) == 35
        restore(settings, path, force=True)  # while the server runs
        assert seen(new)["traces"] == before["traces"]
        engine.dispose()


def test_export_waits_while_a_backup_reads(
    folder: Path, postgres: PostgresServer, s3: S3Server, tmp_path: Path
) -> None:
    """Else our books would call exported what the copy of MLflow has not."""
    database = database_of(postgres, "mlflow_new")
    with ProductionMlflow(folder / "again", database, "new", s3) as server:
        settings = settings_for(folder / "state-new", server, database)
        engine = create_engine(settings.resolved_database_url)
        History(engine).add([make_prediction(seed) for seed in range(200, 203)])
        exported: list[int] = []
        said = []

        def say(step: str) -> None:
            said.append(step)
            if step == "MLflow":
                exported.append(export(settings))

        create(settings, tmp_path / "backups", without=WITHOUT, say=say)
        assert exported == [0]
        assert export(settings) == 3
        engine.dispose()


def test_old_traces_and_windows_go(folder: Path, postgres: PostgresServer, s3: S3Server) -> None:
    database = database_of(postgres, "mlflow_new")
    with ProductionMlflow(folder / "third", database, "new", s3) as server:
        settings = settings_for(folder / "state-third", server, database)
        migrate(settings.resolved_database_url)
        engine = create_engine(settings.resolved_database_url)
        old = [make_prediction(seed, created_at=1_700_000_000.0 + seed) for seed in range(120)]
        History(engine).add([*old, make_prediction(500)])
        had = seen(server)
        export(settings, traces_per_second=1000)
        assert len(seen(server)["tables"]) == len(had["tables"]) + 2
        export(settings, traces_per_second=1000, retention_days=30)
        left = seen(server)
        assert not {f"tr-{p.id}" for p in old} & set(left["traces"])
        assert len(left["tables"]) == len(had["tables"]) + 1
        assert len(left["runs"]) == len(had["runs"]) + (0 if had["runs"] else 1)
        engine.dispose()
