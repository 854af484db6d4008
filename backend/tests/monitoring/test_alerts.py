"""A real Prometheus with these rules beside the real API and worker, which are then hurt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.api_server import ApiServer
from tests.hostile import pictures
from tests.integration.servers import RedisServer, free_port
from tests.monitoring.prometheus_server import PrometheusServer, nginx_exporter, redis_exporter
from tests.monitoring.site import Part
from tests.nginx.nginx_server import NginxServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


class Impatient(PrometheusServer):
    """The rules as they are, but an alert fires after two seconds in place of minutes."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        for path in (self.folder / "rules").glob("alerts_*.yml"):
            text = re.sub(r"^(\s+for:) \S+", r"\1 2s", path.read_text(), flags=re.MULTILINE)
            path.write_text(text)

    def state(self, alert: str) -> str | None:
        """`pending`, `firing` or None; the texts of what fires are filled in."""
        found: list[dict[str, Any]] = self.http.get("/api/v1/alerts").json()["data"]["alerts"]
        states = set()
        for one in found:
            assert "error expanding" not in str(one["annotations"])
            if one["labels"]["alertname"] == alert:
                states.add(one["state"])
        return max(states, default=None, key=["pending", "firing"].index)

    def value(self, expression: str) -> float | None:
        series = self.query(f"sum({expression})")
        return float(series[0]["value"][1]) if series else None


class Watched:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.redis = stack.enter_context(RedisServer(folder / "redis"))
        shared = {"state_dir": folder / "state"}
        self.spool = folder / "state" / "spool"
        self.api = stack.enter_context(ApiServer(folder / "api", self.redis.url, **shared))
        self.worker = Part("worker", folder / "worker", self.redis.url, **shared)
        self.worker._settings["worker_metrics_port"] = self.worker.port
        stack.enter_context(self.worker)
        targets = {
            "api": [f"127.0.0.1:{self.api.port}"],
            "worker": [f"127.0.0.1:{self.worker.port}"],
        }
        self.prometheus = stack.enter_context(Impatient(folder / "prometheus", targets))
        stack.callback(self.prometheus.http.close)

    def detect(self, times: int, status: int = 200) -> None:
        files = {"file": ("a.jpg", pictures.jpeg(pictures.photo(640, 480)), "image/jpeg")}
        with self.api.client() as client:
            for _ in range(times):
                assert client.post("/process-image", files=files).status_code == status

    def submit(self) -> None:
        files = {"file": ("a.jpg", pictures.jpeg(pictures.photo(640, 480)), "image/jpeg")}
        with self.api.client() as client:
            assert client.post("/process-image/async", files=files).status_code == 202


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as stack:
        yield Watched(tmp_path, stack)


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for: {what}"
        time.sleep(0.3)


def recorded_under_traffic(watched: Watched) -> None:
    prometheus = watched.prometheus
    watched.detect(3)
    until(lambda: prometheus.value("model_predictions_total"), 30, "a first scrape")
    watched.detect(5)
    watched.submit()
    names = (
        "sightglass:http_requests:rate5m",
        "model:model_predictions:rate5m",
        "model:model_prediction_duration_seconds:p95_rate5m",
        "sightglass:celery_workers:max",
        "predictions_total",
        "prediction_latency_seconds_count",
        "mlops_api_requests_total",
        "mlops_api_request_duration_seconds_bucket",
    )
    for name in names:
        until(lambda name=name: prometheus.value(name), 30, name)  # type: ignore[misc]
    for name in (
        "sightglass:availability_errors:ratio_rate5m",
        "sightglass:latency_slow:ratio_rate5m",
        "sightglass:celery_queue_length:sum",
        "model_errors_total",
        'mlops_model_predictions_total{predicted_class="car"}',
    ):
        until(lambda name=name: prometheus.value(name) is not None, 30, name)  # type: ignore[misc]
    until(lambda: prometheus.value('predictions_total{job="worker"}'), 60, "the worker's own")
    failed = prometheus.value("sightglass:availability_errors:ratio_rate5m")
    assert failed == 0


def test_what_is_hurt_is_told(watched: Watched) -> None:
    prometheus = watched.prometheus
    recorded_under_traffic(watched)
    until(lambda: prometheus.value("celery_workers") == 1, 60, "the worker's sign of life")
    until(lambda: prometheus.state("WorkerGone") is None, 60, "no alert at the start")
    for alert in ("ApiDown", "NoModel", "WorkerGone", "RedisDown", "TargetDown"):
        assert prometheus.state(alert) is None, alert

    watched.worker.kill()
    until(lambda: prometheus.state("WorkerGone"), 60, "WorkerGone")
    until(lambda: prometheus.state("WorkerGone") == "firing", 60, "WorkerGone that fires")
    until(lambda: prometheus.state("TargetDown") == "firing", 60, "TargetDown")
    watched.worker.start()
    until(lambda: prometheus.state("WorkerGone") is None, 60, "the end of WorkerGone")

    watched.redis.kill()
    until(lambda: prometheus.state("RedisDown") == "firing", 60, "RedisDown")
    assert prometheus.state("PredictionsLost") is None
    watched.spool.write_text("a file in the place of the folder")
    watched.detect(1, status=503)
    until(lambda: prometheus.state("PredictionsLost") == "firing", 60, "PredictionsLost")
    watched.spool.unlink()
    watched.detect(1)
    watched.redis.start()
    until(lambda: prometheus.state("RedisDown") is None, 60, "the end of RedisDown")

    watched.api.kill()
    until(lambda: prometheus.state("ApiDown") == "firing", 60, "ApiDown")


def test_what_only_exporters_see_is_told(tmp_path: Path) -> None:
    """The front door and the file of Redis; and nothing is said of what only an API could know."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(tmp_path / "redis"))
        status_port = free_port()
        (tmp_path / "ui").mkdir()
        nginx = NginxServer(
            tmp_path / "nginx", "prod", free_port(), tmp_path / "ui", nginx_status_port=status_port
        )
        stack.enter_context(nginx)
        exporters = {
            "redis": stack.enter_context(redis_exporter(tmp_path / "redis-exporter", redis.port)),
            "nginx": stack.enter_context(nginx_exporter(tmp_path / "nginx-exporter", status_port)),
        }
        targets = {job: [exporter.address] for job, exporter in exporters.items()}
        targets["api"] = [f"127.0.0.1:{free_port()}"]
        prometheus = stack.enter_context(Impatient(tmp_path / "prometheus", targets))
        stack.callback(prometheus.http.close)

        until(lambda: prometheus.state("ApiDown") == "firing", 60, "ApiDown")
        until(lambda: prometheus.value("nginx_up") and prometheus.value("redis_up"), 60, "both")
        for alert in ("FrontDoorDown", "RedisUnsafe", "BeatSilent", "DrainSilent", "TargetDown"):
            assert prometheus.state(alert) is None, alert

        nginx.kill()
        until(lambda: prometheus.state("FrontDoorDown") == "firing", 60, "FrontDoorDown")
        nginx.start()
        until(lambda: prometheus.state("FrontDoorDown") is None, 60, "the end of FrontDoorDown")

        with redis.client() as client:
            client.config_set("appendonly", "no")
            until(lambda: prometheus.state("RedisUnsafe") == "firing", 60, "RedisUnsafe")
            client.config_set("appendonly", "yes")
            until(lambda: prometheus.state("RedisUnsafe") is None, 60, "the end of RedisUnsafe")
            client.config_set("maxmemory", "2mb")
            client.config_set("maxmemory-policy", "allkeys-lru")
            for number in range(2000):
                client.set(f"key-{number}", b"x" * 2000)
        until(lambda: prometheus.state("RedisUnsafe") == "firing", 60, "RedisUnsafe of evictions")
