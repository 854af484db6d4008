"""Tries the nginx image, with TLS as in production, the MLflow image, on PostgreSQL and S3, and the
trainer, on weights.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from images.build import Built
from images.tree import Program
from tests.integration.servers import Server, free_port
from tests.integration.sql_servers import PostgresServer

_TESTS = Path(__file__).parents[2] / "backend" / "tests"


class S3Server(Server):
    """moto's server: an S3 that answers like one and keeps everything in memory."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        return _answers(self.url)


def try_nginx(image: Built, folder: Path) -> None:
    """Raises `AssertionError` when something does not work as it would have to."""
    tls = folder / "tls"
    _certificate(tls)
    for path in (tls, *tls.iterdir()):
        os.chown(path, 101, 101)
    http, https = free_port(), free_port()
    environment = {
        "NGINX_MODE": "prod",
        "LISTEN_ADDRESS": "127.0.0.1",
        "HTTP_PORT": http,
        "HTTPS_PORT": https,
        "API_SERVERS": f"127.0.0.1:{free_port()}",  # nobody: the front door must open all the same
        "HOME": "/tmp",
    }
    log = folder / "nginx.log"
    binds = {tls: "/etc/nginx/tls"}
    with (
        Program(image, image.config["Cmd"], log, environment, binds) as program,
        httpx.Client(verify=False, trust_env=False, timeout=20) as client,
    ):
        program.wait_for(lambda: program.health() == 0)
        page = client.get(f"https://127.0.0.1:{https}/ui/")
        assert page.status_code == 200, page.text
        assert "<sg-root" in page.text, page.text[:500]
        moved = client.get(f"http://127.0.0.1:{http}/ui/")
        assert moved.status_code == 308, moved.status_code
        away = client.get(f"https://127.0.0.1:{https}/health")
        assert away.status_code == 502, away.status_code
        assert away.headers["content-type"] == "application/problem+json"
        assert '"/ui/' in log.read_text() or "/ui/" in log.read_text(), "nothing in the access log"
        assert program.stop(_stop_signal(image)) == 0
    print("  nginx: the UI over TLS, healthy without the API, ended by SIGQUIT")


def try_mlflow(image: Built, folder: Path) -> None:
    """Raises `AssertionError` when something does not work as it would have to."""
    keys = {"AWS_ACCESS_KEY_ID": "check", "AWS_SECRET_ACCESS_KEY": "check"}
    with contextlib.ExitStack() as running:
        postgres = running.enter_context(PostgresServer(folder / "postgres"))
        store = running.enter_context(S3Server(folder / "s3"))
        httpx.put(f"{store.url}/mlflow", trust_env=False).raise_for_status()
        port = free_port()
        url = f"http://localhost:{port}"
        command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        environment = {
            **keys,
            "MLFLOW_BACKEND_STORE_URI": postgres.url,
            "MLFLOW_ARTIFACTS_DESTINATION": "s3://mlflow/artifacts",
            "MLFLOW_S3_ENDPOINT_URL": store.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_PROBE_URL": f"http://127.0.0.1:{port}/health",
            # As in compose: the server knows one name, and its own health check asks by another.
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"localhost:{port}",
            "MLFLOW_EXPOSE_PROMETHEUS": "/tmp/metrics",
        }
        log = folder / "mlflow.log"
        program = running.enter_context(Program(image, command, log, environment))
        program.wait_for(lambda: program.health() == 0, seconds=240)
        _log_a_run(url, folder)
        metrics = httpx.get(f"{url}/metrics", trust_env=False)
        assert "mlflow_http_request_total" in metrics.text, metrics.text[:500]
        listed = httpx.get(f"{store.url}/mlflow", params={"list-type": 2}, trust_env=False)
        assert "report.txt" in listed.text, listed.text
        status = program.stop()
        assert status == 0, f"it ended with {status} on SIGTERM"
    print("  mlflow: a run in PostgreSQL, its file in S3, ended by SIGTERM")


def try_trainer(image: Built, folder: Path) -> None:
    """Raises `AssertionError` when it cannot convert weights and detect with them."""
    binds = {_TESTS / "models": "/weights"}
    detect = [
        "sightglass",
        "detect",
        "/tmp/drawn.png",
        "--model",
        "/weights/v11_detect.pt",
        "--json",
    ]
    draw = "import cv2, numpy; cv2.imwrite('/tmp/drawn.png', numpy.zeros((480, 640, 3), 'uint8'))"
    environment = {"ENVIRONMENT": "development", "STATE_DIR": "/tmp/state"}
    waiting = Program(image, ["sleep", "900"], folder / "trainer.log", environment, binds)
    with waiting as program:
        assert program.run(["python", "-c", draw]).returncode == 0
        done = program.run(detect, seconds=600)
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"detections"' in done.stdout, done.stdout
    print("  trainer: weights converted and served, as a user without rights")


def _log_a_run(url: str, folder: Path) -> None:
    report = folder / "report.txt"
    report.write_text("seen")
    program = (
        "import sys; from mlflow import MlflowClient; c = MlflowClient(sys.argv[1]);"
        "run = c.create_run(c.create_experiment('image-check')).info.run_id;"
        "c.log_metric(run, 'seen', 1); c.log_artifact(run, sys.argv[2]);"
        "assert c.get_run(run).data.metrics == {'seen': 1}"
    )
    subprocess.run([sys.executable, "-c", program, url, str(report)], check=True, timeout=120)


def _certificate(folder: Path) -> None:
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(folder / "privkey.pem")),
            *("-out", str(folder / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )


def _stop_signal(image: Built) -> signal.Signals:
    return signal.Signals[image.config.get("StopSignal") or "SIGTERM"]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
