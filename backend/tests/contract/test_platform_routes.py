"""GET /, /health, /metrics, /model/info and /docs, as CONTRACTS A has them."""

from __future__ import annotations

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sightglass.api.schemas.platform import HealthAnswer, ModelInfoAnswer, RootAnswer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem


def test_root_lists_every_route(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    root = RootAnswer.model_validate(answer.json())
    assert root.name == "Sightglass"
    documented = client.get("/openapi.json").json()["paths"]
    assert {route.path for route in root.routes} == set(documented)
    assert all(route.description for route in root.routes)
    for path in root.endpoints.values():
        assert client.get(path).status_code in (200, 405), path


def test_root_sends_a_browser_to_a_page(client: httpx.Client) -> None:
    answer = client.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.status_code == 307
    assert client.get(answer.headers["location"]).status_code == 200


def test_health_names_each_service(client: httpx.Client) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    health = HealthAnswer.model_validate(answer.json())
    assert health.status == "degraded"  # no MLflow and no worker beside this API
    assert health.services["model"].status == "up"
    assert health.services["redis"].status == "up"
    assert health.services["database"].status == "up"
    assert health.services["mlflow"].status == "down"
    assert health.services["worker"].status == "down"
    assert health.model_info is not None


def test_health_is_not_asked_again_at_every_probe(client: httpx.Client) -> None:
    stamps = {client.get("/health").json()["timestamp"] for _ in range(10)}
    assert len(stamps) <= 2


@pytest.mark.parametrize(("path", "status"), [("live", "live"), ("ready", "ready")])
def test_probes(client: httpx.Client, path: str, status: str) -> None:
    answer = client.get(f"/health/{path}")
    assert answer.status_code == 200
    assert answer.json() == {"status": status}


def test_model_info(client: httpx.Client) -> None:
    answer = client.get("/model/info")
    assert answer.status_code == 200
    info = ModelInfoAnswer.model_validate(answer.json())
    assert {"car", "person"} <= set(info.classes)
    assert info.task == "detect"
    assert len(info.sha256) == 64
    assert 0 < info.thresholds["confidence"] < 1


def test_metrics_have_the_names_of_the_contract(client: httpx.Client) -> None:
    client.post("/process-image", content=encoded(), headers={"Content-Type": "image/jpeg"})
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    labels: dict[str, set[str]] = {}
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
            values[sample.name] = values.get(sample.name, 0) + sample.value
    expected = {
        "http_requests_total": {"method", "endpoint", "status"},
        "http_request_duration_seconds_count": {"method", "endpoint"},
        "model_predictions_total": {"model_name", "status"},
        "model_prediction_duration_seconds_count": {"model_name"},
        "file_upload_size_bytes_count": {"file_type"},
        "file_uploads_total": {"file_type", "status"},
        "model_memory_usage_bytes": {"model_name"},
    }
    for name, names in expected.items():
        assert labels[name] == names, name
        assert values[name] > 0, name
    assert values["active_connections"] == 1  # the scrape itself
    assert values["redis_up"] == 1
    assert labels["celery_queue_length"] == {"queue"}
    assert values["journal_stream_length"] > 0  # nothing drains it here
    assert values["journal_lag_seconds"] > 0


def test_metrics_in_openmetrics_format(client: httpx.Client) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_unknown_paths_do_not_become_labels(client: httpx.Client) -> None:
    client.get("/made/up/path")
    text = client.get("/metrics").text
    assert "made" not in text
    assert 'endpoint="unmatched"' in text


def test_docs_ask_no_other_host(client: httpx.Client) -> None:
    for prefix in ("", "/api"):
        page = client.get(f"{prefix}/docs")
        assert page.status_code == 200
        assert "://" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            asset = client.get(httpx.URL(str(page.url)).join(path))
            assert asset.status_code == 200, path
            assert len(asset.content) > 100


def test_docs_serve_nothing_but_their_files(client: httpx.Client) -> None:
    for name in ("__init__.py", "..%2f__init__.py", "main.py"):
        assert client.get(f"/docs/{name}").status_code == 404


def test_every_native_route_is_also_under_api(client: httpx.Client) -> None:
    for path in ("/", "/health", "/health/live", "/model/info", "/metrics", "/tasks"):
        assert client.get(f"/api{path}").status_code == 200, path
    answer = client.post("/api/process-image", files={"file": ("a.jpg", encoded())})
    assert answer.status_code == 200


def test_cors_is_off_unless_set(client: httpx.Client, tight_client: httpx.Client) -> None:
    origin = {"Origin": "https://ui.example"}
    assert "access-control-allow-origin" not in client.get("/", headers=origin).headers
    allowed = tight_client.get("/", headers=origin).headers["access-control-allow-origin"]
    assert allowed == "https://ui.example"
    other = tight_client.get("/", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_mlflow_away_is_said_so(client: httpx.Client) -> None:
    answer = client.get("/mlflow/runs")
    assert answer.status_code == 503
    assert answer.json()["code"] == "mlflow_unavailable"
    assert int(answer.headers["retry-after"]) >= 1


def test_wrong_method_names_all_right_ones(client: httpx.Client) -> None:
    answer = client.put("/task/abc")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD"


HEADED = (
    "/",
    "/health/live",
    "/model/info",
    "/predictions?limit=1",
    "/docs",
    "/task/nobody",
    "/nothing",
)


@pytest.mark.parametrize("path", HEADED)
def test_head_is_get_without_its_body(client: httpx.Client, path: str) -> None:
    head, whole = client.head(path), client.get(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert whole.content
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers[name] == whole.headers[name]
    assert client.get("/health/live").status_code == 200  # on the same connection


def test_head_of_a_stream_ends(client: httpx.Client) -> None:
    answer = client.head("/tasks/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_head_where_there_is_no_get(client: httpx.Client) -> None:
    answer = client.head("/process-image")
    assert answer.status_code == 405
    assert answer.content == b""


def test_unknown_path(client: httpx.Client) -> None:
    assert_problem(client.get("/no/such/path"), 404, "route_not_found")
