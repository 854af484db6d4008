"""What is set, counted or refused is written down."""

from __future__ import annotations

import inspect
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from sightglass import errors
from sightglass.observability import metrics
from sightglass.settings import Settings
from tests.env_example import documented_variables

ROOT = Path(__file__).parents[3]


def test_every_setting_is_in_env_example() -> None:
    settings, _ = documented_variables()
    assert set(settings) == {name.upper() for name in Settings.model_fields}


def test_defaults_in_env_example_are_the_defaults() -> None:
    shown, _ = documented_variables()
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
        if issubclass(c, errors.SightglassError)
        and c not in (errors.RetryLaterError, errors.KeyLimitError)
    ]
    codes = [c.code for c in classes]
    assert len(codes) == len(set(codes))
    assert [code for code in codes if f"`{code}`" not in text] == []
