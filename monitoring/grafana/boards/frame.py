"""What all dashboards share: the data source, the marks of alerts and of new models, the links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    RowPanel,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from boards import style
from boards.panels import DATASOURCE

DATASOURCE_UID = "sightglass-prometheus"
_TAG = "sightglass"

# A version that nobody served two minutes ago is new.
_NEW_MODEL = (
    "count by (model_name, version) (model_info) "
    "unless on (model_name, version) count by (model_name, version) (model_info offset 2m)"
)

Row = tuple[str, Sequence[Builder[Panel]]]


def board(
    name: str,
    title: str,
    about: str,
    rows: Sequence[Row],
    variables: Sequence[Builder[VariableModel]] = (),
) -> dict[str, Any]:
    """The JSON of one dashboard. Rows are in the order in which one asks in an incident."""
    made = (
        builders.Dashboard(f"Sightglass: {title}")
        .uid(f"sightglass-{name}")
        .description(about)
        .tags([_TAG])
        .timezone("browser")
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            builders.DashboardLink("Sightglass")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([_TAG])
            .keep_time(True)
        )
        .with_variable(_datasource())
        .annotation(_mark("Alerts", style.BAD, 'ALERTS{alertstate="firing"}'))
        .annotation(_mark("New model", style.DEEP, _NEW_MODEL))
    )
    for variable in variables:
        made.with_variable(variable)
    for heading, panels in rows:
        made.with_row(builders.Row(heading))
        for panel in panels:
            made.with_panel(panel)
    return _json(made.build())


def variable(
    name: str, label: str, metric: str, *, source: str | None = None
) -> Builder[VariableModel]:
    """Values of a label to choose from, all of them at first."""
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"query": f"label_values({metric}, {source or name})", "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(text="All", value="$__all", selected=True))
    )


def _datasource() -> Builder[VariableModel]:
    return (
        builders.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(VariableOption(text="Prometheus", value=DATASOURCE_UID, selected=True))
    )


def _mark(name: str, colour: str, expression: str) -> Builder[Any]:
    return (
        builders.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expression)
    )


# What a mark says. The library does not know these fields of Prometheus' annotations.
_MARK_TEXTS = {
    "Alerts": {"titleFormat": "{{alertname}}", "textFormat": "{{severity}}"},
    "New model": {"titleFormat": "{{model_name}} {{version}}", "textFormat": "now served"},
}


def _json(made: Dashboard) -> dict[str, Any]:
    for number, panel in enumerate(made.panels or [], 1):
        assert isinstance(panel, Panel | RowPanel)
        panel.id_val = number
    found: dict[str, Any] = json.loads(json.dumps(made, cls=JSONEncoder))
    for mark in found["annotations"]["list"]:
        mark.update(_MARK_TEXTS[mark["name"]], step="15s")
    return found
