"""Every query of every dashboard, asked of a real Prometheus that watched a real site at work.

A query that finds nothing is a failure: what a panel is there to show has happened to this site.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.monitoring.conftest import Watched
from tests.monitoring.grafana import (
    REPOSITORY,
    Chosen,
    Target,
    Variable,
    interpolated,
    targets,
    variables,
)

pytestmark = pytest.mark.serial

_PATIENCE_SECONDS = 20.0  # rules and slow scrapes come after the traffic
_STEP_SECONDS = 1

# What is left of an expression without these is names of metrics, functions and numbers.
_NO_NAMES = re.compile(
    r'\{(?:[^{}"]|"[^"]*")*\}|\[[^\]]*\]|\b(?:by|on|group_left|group_right) \([^)]*\)'
)
_NAME = re.compile(r"\b(?:[a-z]+[_:][\w:]+|up|ALERTS)\b(?! *\()")

ALL: dict[str, dict[str, None]] = {}
for _variable in variables():
    ALL.setdefault(_variable.dashboard, {})[_variable.name] = None


@pytest.mark.parametrize("target", targets(), ids=str)
def test_query_with_all_chosen(watched: Watched, target: Target) -> None:
    _assert_finds_data(watched, target, ALL.get(target.dashboard, {}))


@pytest.mark.parametrize("variable", variables(), ids=str)
def test_variable_has_values(watched: Watched, variable: Variable) -> None:
    assert _values(watched, variable)


@pytest.mark.parametrize(
    ("dashboard", "chosen"),
    [
        ("service", {"endpoint": ["/process-image"]}),
        ("service", {"endpoint": ["/process-image", "/task/{task_id}"]}),
    ],
    ids=["one route", "two routes, one with braces"],
)
def test_queries_with_some_chosen(
    watched: Watched, dashboard: str, chosen: dict[str, list[str]]
) -> None:
    known = {v.name: _values(watched, v) for v in variables() if v.dashboard == dashboard}
    assert set(chosen["endpoint"]) <= set(known["endpoint"])
    for target in targets():
        if target.dashboard == dashboard:
            _assert_finds_data(watched, target, {**ALL[dashboard], **chosen})


@pytest.mark.parametrize("dashboard", ALL)
def test_queries_with_each_value_chosen(watched: Watched, dashboard: str) -> None:
    """One by one where there is one value, as of model and machine; else all by name."""
    mine = [variable for variable in variables() if variable.dashboard == dashboard]
    chosen = {variable.name: _values(watched, variable) for variable in mine}
    for target in targets():
        if target.dashboard == dashboard:
            _assert_finds_data(watched, target, chosen)


def test_choosing_a_route_leaves_the_others_out(watched: Watched) -> None:
    (target,) = [t for t in targets() if (t.dashboard, t.panel) == ("service", "Requests by route")]
    chosen: Chosen = {"instance": None, "endpoint": ["/task/{task_id}"]}
    found = _ask(watched, target, chosen)
    assert {series["metric"]["endpoint"] for series in found} == {"/task/{task_id}"}


def test_each_process_tells_of_itself(watched: Watched) -> None:
    """Each has a metrics folder and a port of its own, as in containers."""
    for job in ("api", "worker", "drain"):
        (series,) = watched.prometheus.query(f'process_resident_memory_bytes{{job="{job}"}}')
        assert float(series["value"][1]) > 20_000_000
        found = watched.prometheus.query(f'process_started_timestamp_seconds{{job="{job}"}}')
        assert [series["metric"]["component"] for series in found] == [job]


@pytest.mark.parametrize("target", targets(), ids=str)
def test_names_are_known(watched: Watched, target: Target) -> None:
    """Each is one of ours (documented), an exporter's, or a rule's; none is a slip of the pen."""
    documented = (REPOSITORY / "docs" / "metrics.md").read_text()
    known = set(watched.prometheus.label_values('{__name__=~".+"}', "__name__"))
    names = _metric_names(target.expression)
    assert names
    for name in names:
        assert name in known, name
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        ours = _jobs(watched, name) <= {"api", "worker", "drain"} and ":" not in name
        assert not ours or f"`{base}`" in documented, name


def _assert_finds_data(watched: Watched, target: Target, chosen: Chosen) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not _finite(found := _ask(watched, target, chosen)):
        assert time.monotonic() < until, f"{target}: {found or 'nothing'}\n{target.expression}"
        time.sleep(0.5)
    assert not any(math.isinf(value) for value in _numbers(found)), f"{target}: infinite"


def _ask(watched: Watched, target: Target, chosen: Chosen) -> list[dict[str, Any]]:
    now = time.time()
    expression = interpolated(
        target.expression,
        chosen,
        {v.name: v.all_value for v in variables() if v.dashboard == target.dashboard},
        range_seconds=math.ceil(now - watched.since),
        step_seconds=_STEP_SECONDS,
        scrape_seconds=watched.prometheus.scrape_seconds,
    )
    if target.instant and "$__range" in target.expression:
        return watched.prometheus.query(expression)
    # A rate of this moment is asked of each moment: the traffic is over by now.
    return watched.prometheus.query_range(expression, watched.since, now, _STEP_SECONDS)


def _values(watched: Watched, variable: Variable) -> list[str]:
    selector = interpolated(
        variable.metric,
        dict(ALL[variable.dashboard]),
        {v.name: v.all_value for v in variables()},
        range_seconds=60,
        step_seconds=_STEP_SECONDS,
        scrape_seconds=watched.prometheus.scrape_seconds,
    )
    return watched.prometheus.label_values(selector, variable.label)


def _numbers(found: Iterable[dict[str, Any]]) -> list[float]:
    return [
        float(value) for series in found for _, value in series.get("values") or [series["value"]]
    ]


def _finite(found: Iterable[dict[str, Any]]) -> bool:
    return any(math.isfinite(value) for value in _numbers(found))


def _metric_names(expression: str) -> set[str]:
    return set(_NAME.findall(_NO_NAMES.sub(" ", expression)))


def _jobs(watched: Watched, name: str) -> set[str]:
    return set(watched.prometheus.label_values(f'{{__name__="{name}"}}', "job"))
