"""`sightglass up --with monitoring`: Prometheus beside the rest, or a word that there is none."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.platform import Platform
from tests.hostile import pictures

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

OPTIONS = ("--port", "0", "--with", "monitoring")


def has_series(url: str, query: str) -> bool:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False)
    return bool(answer.json()["data"]["result"])


def test_prometheus_watches_this_run(tmp_path: Path) -> None:
    assert shutil.which("prometheus"), "this test needs prometheus: apt-get install prometheus"
    state = tmp_path / "state"
    with Platform(state, *OPTIONS, METRICS_TOKEN="a-token-for-scrapes") as platform:
        url = platform.endpoints["prometheus"]
        assert f"metrics  {url}" in platform.log_path.read_text()
        links = platform.http.get("/client-config").json()["links"]
        assert links["prometheus"] == url
        ready = httpx.Client(base_url=url, trust_env=False)
        platform.wait_until(lambda: _answers(ready), 60, "Prometheus")
        assert platform.detect(pictures.jpeg(pictures.photo(640, 480))).status_code == 200
        for query in (
            'up{job="api"} == 1',
            "predictions_total",  # a recording rule, evaluated here every 15 s
            "celery_workers == 1",
            "beat_heartbeat_age_seconds < 60",
        ):
            platform.wait_until(functools.partial(has_series, url, query), 60, query)
        rules = ready.get("/api/v1/rules").json()["data"]["groups"]
        assert any(rule["name"] == "WorkerGone" for group in rules for rule in group["rules"])
        assert [r["name"] for g in rules for r in g["rules"] if r["health"] == "err"] == []
        ready.close()
        configuration = state / "prometheus" / "prometheus.yml"
        assert configuration.stat().st_mode & 0o077 == 0  # the token is in it
        old = platform.kill("prometheus")
        platform.wait_until(
            lambda: (found := platform.find_process("prometheus")) is not None and found.pid != old,
            30,
            "a new Prometheus",
        )


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx.HTTPError:
        return False


def test_prometheus_is_not_installed(tmp_path: Path) -> None:
    without = tmp_path / "bin"
    without.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).glob("redis-server"):
            (without / program.name).symlink_to(program)
    path = os.pathsep.join([str(without), str(Path(sys.executable).parent)])
    with Platform(tmp_path / "state", *OPTIONS, PATH=path) as platform:
        assert "no prometheus is found" in platform.log_path.read_text()
        assert "prometheus" not in platform.endpoints
        assert platform.http.get("/health/live").status_code == 200
