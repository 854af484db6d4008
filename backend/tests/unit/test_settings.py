from __future__ import annotations

from pathlib import Path

import pytest

from sightglass.bootstrap import build_image_keeper
from sightglass.errors import SetupError
from sightglass.settings import Environment, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "MAX_FILE_SIZE", "ENVIRONMENT", "MODEL_PATH", "STATE_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_work_without_any_file() -> None:
    settings = load_settings()
    assert settings.max_file_size == 10 * 1024 * 1024
    assert settings.environment is Environment.DEVELOPMENT
    assert (settings.model_path / "model.json").is_file()


def test_command_line_over_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=1001\nHOST=10.0.0.1\nQUEUE_LIMIT=5\n")
    monkeypatch.setenv("PORT", "1002")
    monkeypatch.setenv("HOST", "10.0.0.2")
    settings = load_settings(port=1003)
    assert (settings.port, settings.host, settings.queue_limit) == (1003, "10.0.0.2", 5)


def test_empty_means_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PATH", "")
    assert load_settings().model_path.name == "street"


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_FORMATS", "jpeg, png")
    assert load_settings().allowed_formats == ("jpeg", "png")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "70000", "PORT"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL"),
        ("ENGINE", "abacus", "openvino, onnxruntime"),
        ("MLFLOW_TRACKING_URI", "sqlite:///x.db", "http"),
        ("CONFIDENCE_THRESHOLD", "1.5", "CONFIDENCE_THRESHOLD"),
        ("DEADLINE_SECONDS", "120", "MAX_DEADLINE_SECONDS"),
        ("MLFLOW_PUBLIC_URL", "mlflow.example:5000", "MLFLOW_PUBLIC_URL"),
        ("GRAFANA_URL", "javascript:alert(1)", "GRAFANA_URL"),
        ("PROMETHEUS_URL", "http://", "PROMETHEUS_URL"),
    ],
)
def test_wrong_value_names_the_setting(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=told):
        load_settings()


def test_production_refuses_debug() -> None:
    with pytest.raises(SetupError, match="DEBUG"):
        load_settings(environment="production", debug=True)


@pytest.mark.parametrize(
    ("environment", "required", "asks"),
    [
        ("development", "", False),
        ("test", "", False),
        ("production", "", True),
        ("development", "true", True),
        ("production", "false", False),
    ],
)
def test_keys_are_asked_for_in_production(
    environment: str, required: str, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)
    monkeypatch.setenv("REQUIRE_API_KEYS", required)
    assert load_settings().asks_for_keys is asks


@pytest.mark.parametrize(
    ("tracking_uri", "environment", "shown"),
    [
        ("http://127.0.0.1:5000", "development", "http://127.0.0.1:5000"),
        ("http://localhost:5000/sub/", "test", "http://localhost:5000/sub"),
        ("http://[::1]:5000", "development", "http://[::1]:5000"),
        ("http://user:secret@127.0.0.1:5000", "development", "http://127.0.0.1:5000"),
        ("http://127.0.0.1:5000", "production", None),
        ("http://mlflow:5000", "development", None),
    ],
)
def test_browsers_are_sent_to_an_mlflow_on_this_machine_only(
    tracking_uri: str, environment: str, shown: str | None
) -> None:
    settings = load_settings(mlflow_tracking_uri=tracking_uri, environment=environment)
    assert settings.browser_mlflow_url == shown


def test_public_address_of_mlflow_wins() -> None:
    settings = load_settings(
        mlflow_tracking_uri="http://mlflow:5000",
        mlflow_public_url="https://mlflow.example/",
        environment="production",
    )
    assert settings.browser_mlflow_url == "https://mlflow.example"


def test_web_ui_is_there_when_it_was_built(tmp_path: Path) -> None:
    settings = load_settings(ui_dir=tmp_path)
    assert settings.resolved_ui_dir is None
    (tmp_path / "index.html").touch()
    assert settings.resolved_ui_dir == tmp_path


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(Exception, match="frozen"):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("overrides", "keeps"),
    [
        ({}, True),
        ({"environment": "test"}, True),
        ({"environment": "production"}, False),
        ({"environment": "production", "keep_images": True}, True),
        ({"keep_images": False}, False),
        ({"keep_images": True, "journal_enabled": False}, False),
    ],
)
def test_pictures_are_kept_outside_production(overrides: dict[str, object], keeps: bool) -> None:
    settings = load_settings(**overrides)
    assert settings.keeps_images is keeps
    assert (build_image_keeper(settings) is not None) is keeps
