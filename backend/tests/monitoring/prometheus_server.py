"""A real Prometheus on the project's rules, scraping what a test names."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.integration.servers import Server

REPOSITORY = Path(__file__).parents[3]
RULES = REPOSITORY / "monitoring" / "prometheus" / "rules"
_SCRAPED_WITHIN_SECONDS = 60.0


class PrometheusServer(Server):
    """Scrapes `targets` (job name -> addresses) every `scrape_seconds`.

    The rules are the project's, all evaluated at that pace, and alerts fire after a second.
    `data` may hold data before it starts.
    """

    def __init__(
        self, folder: Path, targets: Mapping[str, Iterable[str]], *, scrape_seconds: int = 1
    ) -> None:
        super().__init__(folder)
        self.scrape_seconds = scrape_seconds
        self.data = self.folder / "data"
        self._targets = {job: list(addresses) for job, addresses in targets.items()}
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        self._write_configuration()
        return [
            binary("prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def answers(self) -> bool:
        try:
            return self.http.get("/-/ready").is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        super().kill()
        self.http.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query. Fails with what Prometheus says is wrong with it."""
        return self._result("/api/v1/query", query=expression)

    def query_range(
        self, expression: str, start: float, end: float, step: int
    ) -> list[dict[str, Any]]:
        return self._result(
            "/api/v1/query_range", query=expression, start=str(start), end=str(end), step=str(step)
        )

    def wait_for_scrapes(self, *jobs: str) -> None:
        """Prometheus is ready five seconds before it looks at its targets."""
        wanted = set(jobs)
        until = time.monotonic() + _SCRAPED_WITHIN_SECONDS
        while wanted - {series["metric"]["job"] for series in self.query("up == 1")}:
            assert time.monotonic() < until, f"not all of {jobs} were scraped"
            time.sleep(0.1)

    def label_values(self, selector: str, label: str) -> list[str]:
        """What Grafana asks to fill a variable."""
        answer = self.http.get(f"/api/v1/label/{label}/values", params={"match[]": selector})
        assert answer.is_success, f"{selector}: {answer.text}"
        found: list[str] = answer.json()["data"]
        return found

    def _result(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        answer = self.http.post(path, data=parameters)
        assert answer.is_success, f"{parameters['query']}\n{answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def _write_configuration(self) -> None:
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        for path in RULES.glob("*.yml"):
            # A group with a pace of its own is made as fast as the others; alerts fire soon.
            text = re.sub(r"^(\s+)(interval|for): \S+", r"\1\2: 1s", path.read_text(), flags=re.M)
            (rules / path.name).write_text(text)
        pace = f"{self.scrape_seconds}s"
        configuration = {
            "global": {"scrape_interval": pace, "evaluation_interval": pace},
            "rule_files": [f"{rules}/*.yml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": addresses}]}
                for job, addresses in self._targets.items()
            ],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))


def binary(name: str, package: str | None = None) -> str:
    """The path of a program; without it the test fails and says what to install."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found, f"this test needs {name}: apt-get install {package or name}"
    return found


class Exporter(Server):
    """One of Debian's exporters; `options` end with what it is to watch."""

    def __init__(self, folder: Path, program: str, *options: str, **environment: str) -> None:
        super().__init__(folder)
        self._program = program
        self._options = options
        self._environment = environment

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        dashes = "-" if self._program.split("-")[1] in ("redis", "nginx") else "--"
        listen = f"{dashes}web.listen-address={self.address}"
        return [binary(self._program), listen, *self._options]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self._environment}

    def answers(self) -> bool:
        try:
            return httpx.get(
                f"http://{self.address}/metrics", timeout=5, trust_env=False
            ).is_success
        except httpx.HTTPError:
            return False


def redis_exporter(folder: Path, port: int) -> Exporter:
    return Exporter(folder, "prometheus-redis-exporter", f"-redis.addr=redis://127.0.0.1:{port}")


def nginx_exporter(folder: Path, status_port: int) -> Exporter:
    """It may be started before its nginx."""
    uri = f"http://127.0.0.1:{status_port}/stub_status"
    options = (f"-nginx.scrape-uri={uri}", "-nginx.retries=30")
    return Exporter(folder, "prometheus-nginx-exporter", *options)
