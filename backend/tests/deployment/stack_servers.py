"""The services of docker-compose.prod.yml as ordinary processes, with the commands of that file.

Addresses like `postgres:5432` are exchanged for those of this machine; nothing else is changed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import boto3
import httpx

from tests.deployment.compose_file import PRODUCTION, REPOSITORY, ComposeFile, load
from tests.integration.servers import Server
from tests.integration.sql_servers import PostgresServer

# As good as those that scripts/make-env makes, and new in each run.
SECRETS = {
    name: secrets.token_hex(20)
    for name in (
        *("POSTGRES_PASSWORD", "REDIS_PASSWORD", "SIGHTGLASS_DB_PASSWORD", "MLFLOW_DB_PASSWORD"),
        *("MONITOR_DB_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "GRAFANA_ADMIN_PASSWORD"),
        "OPERATOR_PASSWORD",
    )
}


def production(**variables: str) -> ComposeFile:
    """The file with good secrets and these variables."""
    return load(PRODUCTION, {**SECRETS, "PUBLIC_URL": "https://127.0.0.1", **variables})


class ComposeProcess(Server):
    """One service of the file. `addresses`: what stands for a host and port of the file."""

    def __init__(
        self,
        folder: Path,
        compose: ComposeFile,
        service: str,
        addresses: Mapping[str, str],
        *,
        program: list[str],
        ready_path: str,
        start_seconds: float = 120.0,
    ) -> None:
        """`program` takes the place of the first word of the command; `ready_path` is asked for."""
        super().__init__(folder)
        self.start_seconds = start_seconds
        self._compose = compose
        self._service = service
        self.addresses = dict(addresses)
        self.extra: list[str] = []  # options that the compose file does not need
        self._program = program
        self._ready_path = ready_path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        words = self._compose.command(self._service)
        if not words[0].startswith("-"):
            words = words[1:]
        return [*self._program, *(self._here(word) for word in words), *self.extra]

    def environment(self) -> dict[str, str]:
        own = self._compose.environment(self._service)
        return {**os.environ, **{name: self._here(value) for name, value in own.items()}}

    def answers(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}{self._ready_path}", timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _here(self, text: str) -> str:
        for there, here in self.addresses.items():
            text = text.replace(there, here)
        return text


class PasswordPostgres(PostgresServer):
    """PostgreSQL that asks for passwords, with the databases that the compose file makes."""

    def command(self) -> list[str]:
        done = super().command()
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        return done

    def answers(self) -> bool:
        return self._psql("-c", "SELECT 1").returncode == 0

    def make_databases(self, passwords: Mapping[str, str]) -> None:
        """Run the script that the official image runs."""
        script = REPOSITORY / "deploy" / "compose" / "make-databases.sh"
        environment = {**os.environ, **self._over_the_socket(), **passwords}
        subprocess.run([str(script)], env=environment, check=True, capture_output=True, text=True)

    def as_user(self, user: str, password: str, database: str) -> subprocess.CompletedProcess[str]:
        """Log in over TCP, as the services do, and ask who is there."""
        login = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGPASSWORD": password}
        command = ["psql", "-U", user, "-d", database, "-tAc", "SELECT current_user"]
        return subprocess.run(
            command, env={**os.environ, **login}, capture_output=True, text=True, timeout=30
        )

    def _psql(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["psql", "-U", "postgres", "-tA", *words],
            env={**os.environ, **self._over_the_socket()},
            capture_output=True,
            text=True,
        )

    def _over_the_socket(self) -> dict[str, str]:
        return {"PGHOST": str(self.folder), "PGPORT": str(self.port)}


class ObjectStore(Server):
    """moto's S3 server, which looks at no key: it stands for the object store's protocol."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/moto-api/", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def client(self) -> boto3.client:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="of-a-test",
            aws_secret_access_key="of-a-test",
            region_name="us-east-1",
        )


def program(name: str, package: str) -> str:
    """Where a program is; without it the test fails and says what to install."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found, f"this test needs {name}: apt-get install {package}"
    return found
