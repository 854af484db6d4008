"""Every line of every process, under traffic and trouble: JSON with the documented keys."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.e2e.platform import Platform
from tests.hostile import pictures
from tests.unit.observability.test_log_keys import documented_keys

pytestmark = pytest.mark.serial

OURS = {"api", "worker", "beat", "drain"}
THEIRS = {"redis", "mlflow"}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each process wrote from its start to its end, by the name of its log."""
    state = tmp_path_factory.mktemp("logs") / "state"
    with Platform(state, LOG_LEVEL="DEBUG", HEALTH_INTERVAL_SECONDS="1") as platform:
        _traffic(platform)
        _trouble(platform)
    return {log.stem: log.read_text().splitlines() for log in (state / "logs").glob("*.log")}


def _traffic(platform: Platform) -> None:
    image = pictures.jpeg()
    assert platform.detect(image).status_code == 200
    given = {"X-Request-ID": "find-me"}
    files = {"file": ("a.jpg", image, "image/jpeg")}
    accepted = platform.http.post("/process-image/async", files=files, headers=given)
    task_id = accepted.json()["task_id"]
    assert platform.wait_for_tasks([task_id]) == {task_id: "completed"}
    platform.wait_for_history([task_id])


def _trouble(platform: Platform) -> None:
    assert platform.detect(b"no image").status_code == 400
    assert platform.http.get("/no/such/path").status_code == 404
    # libjpeg tells of this on stderr, and goes on.
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    assert platform.detect(_damaged_inside(pictures.jpeg(noise))).status_code == 200
    platform.kill("redis-server")
    platform.wait_until(lambda: platform.health()["status"] != "healthy", 30, "trouble")
    assert platform.detect(pictures.jpeg()).status_code == 200
    log = platform.state_dir / "logs" / "api.log"
    platform.wait_until(lambda: "journal_redis_found" in log.read_text(), 60, "recovery")


def _damaged_inside(image: bytes) -> bytes:
    middle = len(image) * 2 // 3
    return image[:middle] + b"\xff\x00\x12" * 4 + b"\x01\x02" + image[middle + 14 :]


def objects(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_every_line_is_json_with_documented_keys(lines: dict[str, list[str]]) -> None:
    assert set(lines) >= OURS | THEIRS
    known = documented_keys()
    for name, found in lines.items():
        assert found, name
        for line in objects(found):
            assert {"timestamp", "level", "event", "component"} <= line.keys(), line
            assert line["component"] == name, line
            assert line["level"] in {"debug", "info", "warning", "error", "critical"}, line
            assert set(line) <= known, line
            assert len(json.dumps(line)) < 17_000


def test_our_processes_print_nothing_beside_their_log(lines: dict[str, list[str]]) -> None:
    for name in OURS:
        assert [line for line in objects(lines[name]) if line["event"] == "output"] == []


def test_lines_of_redis_and_mlflow_are_kept_as_text(lines: dict[str, list[str]]) -> None:
    for name in THEIRS:
        assert {line["event"] for line in objects(lines[name])} == {"output"}
    assert any("Ready to accept connections" in line for line in lines["redis"])


def test_a_request_is_found_in_api_worker_and_drain(lines: dict[str, list[str]]) -> None:
    found = {
        name: {
            line["event"] for line in objects(lines[name]) if line.get("request_id") == "find-me"
        }
        for name in OURS
    }
    assert "request" in found["api"]
    assert "task_completed" in found["worker"]
    assert "prediction_stored" in found["drain"]


def test_stderr_of_libraries_is_in_the_log(lines: dict[str, list[str]]) -> None:
    told = [line for line in objects(lines["api"]) if line["event"] == "stderr"]
    assert told
    assert all(line["count"] >= 1 and line["text"] for line in told)


def test_warnings_and_what_came_of_them(lines: dict[str, list[str]]) -> None:
    events = {line["event"] for name in OURS for line in objects(lines[name])}
    assert {"journal_redis_lost", "journal_redis_found", "worker_stopped"} <= events
