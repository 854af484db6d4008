"""What is set, counted or refused is written down."""

from __future__ import annotations

import inspect
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from sightglass import errors
from sightglass.observability import metrics
from sightglass.settings import Settings

ROOT = Path(__file__).parents[3]


def test_every_setting_is_in_env_example() -> None:
    text = (ROOT / ".env.example").read_text()
    documented = {
        line.removeprefix("# ").split("=")[0]
        for line in text.splitlines()
        if line.startswith("# ") and "=" in line and line[2:].split("=")[0].isupper()
    }
    assert documented == {name.upper() for name in Settings.model_fields}


def test_defaults_in_env_example_are_the_defaults() -> None:
    text = (ROOT / ".env.example").read_text()
    shown = dict(
        line.removeprefix("# ").split("=", 1)
        for line in text.splitlines()
        if line.startswith("# ") and "=" in line and line[2:].split("=")[0].isupper()
    )
    for name, field in Settings.model_fields.items():
        if shown[name.upper()]:
            told = Settings(_env_file=None, **{name: shown[name.upper()]})  # type: ignore[arg-type]
            assert getattr(told, name) == field.default, name


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    names = [
        metric._name + ("_total" if metric._type == "counter" else "")
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
    ]
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_error_code_is_documented_and_unique() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    classes = [
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, errors.SightglassError) and c is not errors.RetryLaterError
    ]
    codes = [c.code for c in classes]
    assert len(codes) == len(set(codes))
    assert [code for code in codes if f"`{code}`" not in text] == []
