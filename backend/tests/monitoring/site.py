"""A site as the compose file makes it: each process with a metrics folder and a port of its own,
the exporters beside it, and a Prometheus that scrapes them all.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from sightglass.access.caller import Scope
from sightglass.access.keys import Keys, NewKey
from sightglass.backup.create import Part as BackupPart
from sightglass.backup.create import create
from sightglass.settings import Settings
from sightglass.storage.database import create_engine
from tests.contract.api_server import ApiServer
from tests.integration.servers import MlflowServer, RedisServer, Server, free_port
from tests.integration.sql_servers import PostgresServer
from tests.monitoring.prometheus_server import (
    Exporter,
    PrometheusServer,
    nginx_exporter,
    redis_exporter,
)
from tests.nginx.nginx_server import NginxServer

SCRAPE_SECONDS = 1


class Part(ApiServer):
    """Another process of the platform: worker, beat, drain or flower."""

    def __init__(
        self, name: str, folder: Path, redis_url: str, *options: str, **settings: object
    ) -> None:
        super().__init__(folder, redis_url, **settings)
        self._command = [name, *options]

    def command(self) -> list[str]:
        options = [option.format(port=self.port) for option in self._command]
        return [sys.executable, "-m", "sightglass.cli", *options]

    def environment(self) -> dict[str, str]:
        found = super().environment()
        if self._command[0] == "flower":  # it counts in its own memory
            del found["PROMETHEUS_MULTIPROC_DIR"]
        return found

    def answers(self) -> bool:
        if self._command[0] == "beat":  # it has no port
            return self._process is not None and self._process.poll() is None
        try:
            return httpx.get(f"{self.url}/metrics", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


class Site:
    """Start it with `with`; all of it ends with the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def key(self, name: str, *scopes: str, rate: str | None = None) -> str:
        """A new API key."""
        settings = Settings(_env_file=None, state_dir=self._folder / "state")
        engine = create_engine(settings.resolved_database_url)
        wanted = NewKey(name, frozenset(Scope(scope) for scope in scopes), rate)
        try:
            _, text = Keys(engine).create(wanted, actor="a test")
        finally:
            engine.dispose()
        return text.joined()

    def back_up(self) -> None:
        """Of the history, tasks and journal."""
        settings = Settings(
            _env_file=None, state_dir=self._folder / "state", redis_url=self.redis.url
        )
        create(settings, self._folder / "backups", without=set(BackupPart) - {BackupPart.REDIS})

    def _start(self) -> None:
        folder = self._folder
        # Not in pytest's folder: PostgreSQL runs as another user, who may not enter it.
        database = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="sightglass-pg-"))
        self.redis = RedisServer(folder / "redis")
        self.mlflow = MlflowServer(folder / "mlflow")
        self.postgres = PostgresServer(Path(database))
        self._together([self.redis, self.mlflow, self.postgres])

        shared = {
            "state_dir": folder / "state",
            "mlflow_tracking_uri": self.mlflow.url,
            "require_api_keys": "true",
            "celery_task_events": "true",
            "keep_images_bytes": 400_000,  # a few pictures: then the oldest go
            "cleanup_interval_seconds": 2,
            "health_interval_seconds": 1,
        }
        certificate_port = free_port()
        shared["tls_check_address"] = f"127.0.0.1:{certificate_port}"
        self.api = ApiServer(folder / "api", self.redis.url, **shared)
        self.api.start()  # alone: it makes the tables
        self._stack.callback(self.api.stop)
        self.parts = {name: self._part(name, shared) for name in ("worker", "drain", "beat")}
        flower_port = ("--port", "{port}")
        self.parts["flower"] = Part(
            "flower", folder / "flower", self.redis.url, *flower_port, **shared
        )
        status_port = free_port()
        (folder / "ui").mkdir()
        self.nginx = NginxServer(
            folder / "nginx", "prod", self.api.port, folder / "ui", nginx_status_port=status_port
        )
        self.nginx.port = certificate_port
        exporters = self._exporters(status_port)
        self._together([*self.parts.values(), self.nginx, *exporters.values()])

        targets = {
            "api": [f"127.0.0.1:{self.api.port}"],
            **{
                name: [f"127.0.0.1:{part.port}"]
                for name, part in self.parts.items()
                if name != "beat"
            },
            **{job: [exporter.address] for job, exporter in exporters.items()},
            "alertmanager": [f"127.0.0.1:{free_port()}"],  # away: somebody has to be
        }
        self.prometheus = PrometheusServer(
            folder / "prometheus", targets, scrape_seconds=SCRAPE_SECONDS
        )

    def _part(self, name: str, shared: dict[str, object]) -> Part:
        part = Part(name, self._folder / name, self.redis.url, **shared)
        part._settings["worker_metrics_port"] = part.port
        return part

    def _exporters(self, status_port: int) -> dict[str, Exporter]:
        folder = self._folder
        return {
            "redis": redis_exporter(folder / "redis-exporter", self.redis.port),
            "postgres": Exporter(
                folder / "postgres-exporter",
                "prometheus-postgres-exporter",
                DATA_SOURCE_NAME=f"postgresql://postgres@127.0.0.1:{self.postgres.port}"
                "/postgres?sslmode=disable",
            ),
            "nginx": nginx_exporter(folder / "nginx-exporter", status_port),
            "node": Exporter(folder / "node-exporter", "prometheus-node-exporter"),
        }

    def _together(self, servers: Iterable[Server]) -> None:
        """Start them side by side: most of it is waiting for imports."""
        with ThreadPoolExecutor(8) as threads:
            started = [(server, threads.submit(server.start)) for server in servers]
        for server, _ in started:
            self._stack.callback(server.stop)
        for _, future in started:
            future.result()
