"""The pages of the operators with the services themselves: the commands and the environments are
those of docker-compose.prod.yml, before them nginx as in production, and a browser.

Not Grafana and not the object store: neither can be run without Docker. moto stands for the store.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.deployment.compose_file import REPOSITORY, ComposeFile
from tests.deployment.stack_servers import (
    SECRETS,
    ComposeProcess,
    ObjectStore,
    PasswordPostgres,
    production,
    program,
)
from tests.eventually import eventually
from tests.integration.servers import RedisServer, free_port
from tests.nginx.nginx_server import NginxServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(600)]

LOGIN = ("operator", SECRETS["OPERATOR_PASSWORD"])
MONITORING = REPOSITORY / "monitoring"


@dataclass
class Site:
    """The front door, and what is behind it."""

    front: NginxServer
    postgres: PasswordPostgres
    store: ObjectStore
    api: ApiServer
    pages: dict[str, ComposeProcess]

    def get(self, path: str, **options: Any) -> httpx.Response:
        with self.front.client() as client:
            return client.get(path, **options)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # Not pytest's folder, which only its owner may enter: PostgreSQL is another user.
    folder = Path(tempfile.mkdtemp(prefix="sightglass-site-"))
    folder.chmod(0o755)
    with ExitStack() as running:
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        yield _start(folder, running)


def _start(folder: Path, running: ExitStack) -> Site:
    redis = running.enter_context(RedisServer(folder / "redis"))
    store = running.enter_context(ObjectStore(folder / "store"))
    postgres = running.enter_context(PasswordPostgres(folder / "postgres"))
    postgres.make_databases(SECRETS)
    store.client().create_bucket(Bucket="mlflow")  # the mount of a volume in the compose file

    front_port = free_port()
    compose = production(PUBLIC_URL=f"https://127.0.0.1:{front_port}")
    services = _services(folder, compose, redis, postgres, store)
    for service in services.values():
        running.enter_context(service)

    ui = folder / "ui"
    ui.mkdir()
    (ui / "index.html").write_text("<!doctype html><title>Sightglass</title>\n")
    upstreams = {f"{name}_upstream": service.address for name, service in services.items()}
    secrets = {"operator_password": SECRETS["OPERATOR_PASSWORD"]}
    api = ApiServer(
        folder / "api",
        redis.url,
        mlflow_tracking_uri=services["mlflow"].url,
        mlflow_public_url=f"https://127.0.0.1:{front_port}/mlflow",
        mlflow_flush_seconds=0.5,
    )
    front = NginxServer(folder / "nginx", "prod", api.port, ui, **upstreams, **secrets)
    front.port = front_port
    running.enter_context(front)
    running.enter_context(api)
    running.enter_context(api.drain())
    return Site(front, postgres, store, api, services)


def _services(
    folder: Path,
    compose: ComposeFile,
    redis: RedisServer,
    postgres: PasswordPostgres,
    store: ObjectStore,
) -> dict[str, ComposeProcess]:
    """MLflow, Prometheus, Alertmanager and Flower, each with its addresses exchanged."""
    mlflow = ComposeProcess(
        *(folder / "mlflow", compose, "mlflow"),
        {
            "0.0.0.0": "127.0.0.1",
            "postgres:5432": f"127.0.0.1:{postgres.port}",
            "http://object-store:7070": store.url,
            "/tmp/metrics": str(folder / "mlflow" / "metrics"),
        },
        program=[sys.executable, "-m", "mlflow"],
        ready_path="/health",
    )
    mlflow.addresses |= {"mlflow:5000": mlflow.address, "5000": str(mlflow.port)}
    prometheus = ComposeProcess(
        *(folder / "prometheus", compose, "prometheus"),
        {"/etc/prometheus": str(MONITORING / "prometheus")},
        program=[program("prometheus", "prometheus")],
        ready_path="/prometheus/-/ready",
    )
    prometheus.addresses["path=/prometheus"] = f"path={prometheus.folder / 'data'}"
    prometheus.extra.append(f"--web.listen-address={prometheus.address}")
    alertmanager = ComposeProcess(
        *(folder / "alertmanager", compose, "alertmanager"),
        {"/etc/alertmanager": str(MONITORING / "alertmanager")},
        program=[program("prometheus-alertmanager", "prometheus-alertmanager")],
        ready_path="/alertmanager/-/ready",
    )
    alertmanager.addresses["path=/alertmanager"] = f"path={alertmanager.folder / 'data'}"
    alertmanager.extra.append(f"--web.listen-address={alertmanager.address}")
    flower = ComposeProcess(
        *(folder / "flower", compose, "flower"),
        {
            "0.0.0.0": "127.0.0.1",
            "/var/lib/sightglass": str(folder / "flower" / "state"),
            f":{SECRETS['REDIS_PASSWORD']}@redis:6379": f"127.0.0.1:{redis.port}",
        },
        program=[sys.executable, "-m", "sightglass.cli"],
        ready_path="/flower/healthcheck",
    )
    flower.addresses["5555"] = str(flower.port)
    return {
        "mlflow": mlflow,
        "prometheus": prometheus,
        "alertmanager": alertmanager,
        "flower": flower,
    }


def test_each_user_of_the_database_sees_its_own_only(site: Site) -> None:
    own = {"sightglass": "SIGHTGLASS_DB_PASSWORD", "mlflow": "MLFLOW_DB_PASSWORD"}
    for user, secret in own.items():
        other = next(name for name in own if name != user)
        assert site.postgres.as_user(user, SECRETS[secret], user).stdout.strip() == user
        assert "permission denied" in site.postgres.as_user(user, SECRETS[secret], other).stderr
        wrong = site.postgres.as_user(user, SECRETS[own[other]], user)
        assert "password authentication failed" in wrong.stderr
    monitor = site.postgres.as_user("monitor", SECRETS["MONITOR_DB_PASSWORD"], "postgres")
    assert monitor.stdout.strip() == "monitor"


def test_predictions_reach_mlflow_and_its_page_shows_them(
    site: Site, tmp_path: Path, chromium: Browser
) -> None:
    with site.front.client() as client:
        headers = {"Content-Type": "image/jpeg"}
        answer = client.post("/process-image", content=encoded(), headers=headers)
        assert answer.status_code == 200, answer.text
        runs = eventually(lambda: client.get("/mlflow/runs").json().get("runs"), 60, "a run")
        assert runs[0]["url"].startswith(f"{site.front.url}/mlflow/#/experiments/")
    eventually(lambda: _stored(site), 60, "the window's table in the object store")
    page_text, complaints = _look(chromium, runs[0]["url"], runs[0]["run_id"])
    assert runs[0]["name"] in page_text
    assert not complaints


def _stored(site: Site) -> list[str]:
    listed = site.store.client().list_objects_v2(Bucket="mlflow").get("Contents", [])
    return [item["Key"] for item in listed if item["Key"].endswith(".parquet")]


def _look(chromium: Browser, url: str, wanted: str) -> tuple[str, list[str]]:
    """The text of a page of MLflow once it shows `wanted`; and what went wrong on it."""
    pictures = REPOSITORY / "build" / "screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    context = chromium.new_context(
        ignore_https_errors=True,
        http_credentials={"username": LOGIN[0], "password": LOGIN[1]},
    )
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Security Policy" in message.text else None
        ),
    )
    page.on(
        "response",
        lambda answer: (
            complaints.append(f"{answer.status} {answer.url}")
            # It asks who the user is, which only a server with logins of its own answers.
            if answer.status >= 400 and "users/current" not in answer.url
            else None
        ),
    )
    page.goto(url)
    page.get_by_text(wanted).first.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "operators-mlflow-run.png")
    text = page.inner_text("body")
    context.close()
    return text, complaints


def test_mlflow_shows_its_metrics_inside_and_its_login_outside(site: Site) -> None:
    text = httpx.get(f"{site.pages['mlflow'].url}/metrics", trust_env=False).text
    assert "mlflow_exporter_info" in text
    assert site.get("/mlflow/metrics").status_code == 401


def test_prometheus_answers_under_its_path(site: Site) -> None:
    assert site.get("/prometheus/graph").status_code == 401
    page = site.get("/prometheus/", auth=LOGIN, follow_redirects=True)
    assert page.status_code == 200
    assert page.url.path.startswith("/prometheus/")
    assert "Prometheus" in page.text
    groups = site.get("/prometheus/api/v1/rules", auth=LOGIN).json()["data"]["groups"]
    assert groups, "the rules of the repository are loaded"
    alertmanagers = site.get("/prometheus/api/v1/status/config", auth=LOGIN).json()
    assert "path_prefix: /alertmanager" in alertmanagers["data"]["yaml"]


def test_alertmanager_answers_under_its_path(site: Site) -> None:
    assert site.get("/alertmanager/").status_code == 401
    assert "Alertmanager" in site.get("/alertmanager/", auth=LOGIN).text
    status = site.get("/alertmanager/api/v2/status", auth=LOGIN).json()
    assert "receiver: nobody" in status["config"]["original"]


def test_flower_answers_under_its_path(site: Site) -> None:
    assert site.get("/flower/").status_code == 401
    page = site.get("/flower/", auth=LOGIN, follow_redirects=True)
    assert page.status_code == 200
    assert "/flower/static/" in page.text
    assert "flower" in site.get("/flower/metrics", auth=LOGIN).text


def test_the_pages_do_not_need_the_api(site: Site) -> None:
    """Last: it takes the API away."""
    site.api.kill()
    assert site.get("/health").status_code == 502
    for name in site.pages:
        answer = site.get(f"/{name}/", auth=LOGIN, follow_redirects=True)
        assert answer.status_code == 200, name
