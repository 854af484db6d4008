"""The dashboards as Grafana reads them, and what it makes of the variables in their queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
GRAFANA = REPOSITORY / "monitoring" / "grafana"
DASHBOARDS = GRAFANA / "dashboards"

Chosen = Mapping[str, Sequence[str] | None]  # values of each variable; None: all of them

_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel} ({self.ref})"


@dataclass(frozen=True)
class Variable:
    """A variable of a dashboard whose values Prometheus knows."""

    dashboard: str
    name: str
    metric: str  # the selector whose label holds the values
    label: str
    all_value: str

    def __str__(self) -> str:
        return f"{self.dashboard}: ${self.name}"


def read_dashboards() -> dict[str, dict[str, Any]]:
    """Each by the name of its file."""
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels_of(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without the headings of rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets() -> list[Target]:
    """Every query of every panel and of every annotation."""
    return list(_targets())


def variables() -> list[Variable]:
    return list(_variables())


def _targets() -> Iterator[Target]:
    for name, dashboard in read_dashboards().items():
        for panel in panels_of(dashboard):
            for target in panel["targets"]:
                yield Target(
                    name, panel["title"], target["refId"], target["expr"], target["instant"]
                )
        for mark in dashboard["annotations"]["list"]:
            yield Target(name, f"marks: {mark['name']}", "A", mark["expr"], instant=False)


def _variables() -> Iterator[Variable]:
    for name, dashboard in read_dashboards().items():
        for row in dashboard["templating"]["list"]:
            if row["type"] != "query":
                continue
            found = _LABEL_VALUES.fullmatch(row["query"]["query"])
            assert found, f"{name}: {row['name']} is not label_values(selector, label)"
            yield Variable(name, row["name"], found[1], found[2], row["allValue"])


def interpolated(
    expression: str,
    chosen: Chosen,
    all_values: Mapping[str, str],
    *,
    range_seconds: int,
    step_seconds: int,
    scrape_seconds: int,
) -> str:
    """The expression as Grafana sends it to Prometheus. Raises KeyError for an unknown variable.

    `scrape_seconds` is the data source's scrape interval, which `$__rate_interval` depends on.
    """
    window = max(step_seconds + scrape_seconds, 4 * scrape_seconds)
    texts = {
        "__interval": f"{step_seconds}s",
        "__rate_interval": f"{window}s",
        "__range": f"{range_seconds}s",
        "__range_s": str(range_seconds),
        **{
            name: all_values[name] if values is None else _choice(values)
            for name, values in chosen.items()
        },
    }
    return _VARIABLE.sub(lambda found: texts[found[1] or found[2]], expression)


def _choice(values: Sequence[str]) -> str:
    """What a variable of which several values can be chosen becomes: a pattern."""
    escaped = [_escaped(value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _escaped(value: str) -> str:
    """For a regular expression within a string of PromQL, as Grafana's Prometheus plugin does."""
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))
