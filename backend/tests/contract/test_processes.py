"""The API as several processes, and without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.hostile import pictures
from tests.integration.servers import RedisServer


class ModelLess(ApiServer):
    """An API whose model is not there: it lives, and is never ready."""

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def two_workers(tmp_path: Path, redis_server: RedisServer) -> Iterator[ApiServer]:
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = ApiServer(
        tmp_path / "api", redis_server.url, workers=2, prometheus_multiproc_dir=folder
    )
    with server:
        yield server


def test_one_scrape_sees_all_workers(two_workers: ApiServer) -> None:
    image = pictures.jpeg()
    for _ in range(40):  # a connection each, so that both workers get some
        with two_workers.client() as client:
            answer = client.post("/process-image", files={"file": ("a.jpg", image, "image/jpeg")})
            assert answer.status_code == 200
    with two_workers.client() as client:
        text = client.get("/metrics").text
    assert 'model_predictions_total{model_name="street",status="succeeded"} 40.0' in text
    counted = re.search(r'http_requests_total\{endpoint="/process-image".*\} (\S+)', text)
    assert counted is not None
    assert float(counted[1]) == 40
    assert "model_info{" in text


def test_without_a_model_it_lives_and_says_so(tmp_path: Path, redis_server: RedisServer) -> None:
    with ModelLess(
        tmp_path / "api", redis_server.url, model_path=tmp_path / "missing.onnx"
    ) as server:
        with server.client() as client:
            health = client.get("/health")
            assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
            assert client.get("/health/ready").status_code == 503
            files = {"file": ("a.jpg", pictures.jpeg(), "image/jpeg")}
            for path in ("/process-image", "/process-image/async"):
                refused = client.post(path, files=files)
                assert (refused.status_code, refused.json()["code"]) == (503, "model_unavailable")
                assert "retry-after" in refused.headers
            assert client.get("/model/info").status_code == 503
            assert client.get("/predictions").json()["predictions"] == []
        assert any("missing.onnx" in str(line) for line in server.log_lines())
