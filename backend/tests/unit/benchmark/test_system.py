"""How the measured processes are started: with the user's model, away from the user's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightglass.benchmark.plan import BenchmarkOptions, Plan
from sightglass.benchmark.system import environment_of, free_port, started
from sightglass.errors import SetupError
from sightglass.settings import Settings


def _settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def test_the_users_services_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "DATABASE_URL", "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.setenv(name, "the user's own")
    environment = environment_of(_settings(database_url=None, redis_url="redis://127.0.0.1/0"))
    assert not {"REDIS_URL", "DATABASE_URL", "PROMETHEUS_MULTIPROC_DIR"} & set(environment)


def test_production_is_measured_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("REQUIRE_API_KEYS", "true")
    environment = environment_of(_settings())
    assert not {"ENVIRONMENT", "REQUIRE_API_KEYS"} & set(environment)


def test_the_users_model_and_engine_are_passed_on() -> None:
    settings = _settings(model_path=Path("mine"), input_size=320, rectangular_input=False)
    environment = environment_of(settings, REDIS_URL="redis://127.0.0.1:1/0")
    passed_on = _settings(
        model_path=environment["MODEL_PATH"],
        input_size=environment["INPUT_SIZE"],
        rectangular_input=environment["RECTANGULAR_INPUT"],
    )
    assert passed_on.model_path == Path("mine").absolute()
    assert passed_on.input_size == 320
    assert passed_on.rectangular_input is False
    assert environment["REDIS_URL"] == "redis://127.0.0.1:1/0"


def test_a_command_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        started("serve", _settings(), tmp_path / "run", ENGINE="steam") as server,
        pytest.raises(SetupError, match=r"(?s)ended while starting.*ENGINE"),
    ):
        server.wait_until_ready(60)
    assert server.process.poll() is not None


def test_free_ports_are_usable() -> None:
    assert 1024 < free_port() < 65536


def test_quick_run_is_short_and_still_has_enough_single_requests() -> None:
    quick, full = Plan.of(BenchmarkOptions(quick=True)), Plan.of(BenchmarkOptions())
    assert quick.seconds < full.seconds
    assert quick.latency_pairs >= 30
    assert full.concurrencies == (1, 2, 4, 8, 16)
    assert full.overload_factor == quick.overload_factor == 3.0
