"""The dashboards as files: made from their code, well formed, explained, with nothing left over."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units

from boards import frame, panels, style
from boards.__main__ import dashboards as make_dashboards
from tests.monitoring.grafana import (
    DASHBOARDS,
    GRAFANA,
    REPOSITORY,
    panels_of,
    read_dashboards,
    targets,
    variables,
)

BOARDS = read_dashboards()
PANELS = {
    f"{name}: {panel['title']}": panel
    for name, board in BOARDS.items()
    for panel in panels_of(board)
}
TABLES = {name: panel for name, panel in PANELS.items() if panel["type"] == "table"}
GRAPHS = {name: panel for name, panel in PANELS.items() if panel["type"] == "timeseries"}
HEATMAPS = {name: panel for name, panel in PANELS.items() if panel["type"] == "heatmap"}
_UNITS = {value for name, value in vars(units).items() if isinstance(value, str)}
_GRID_WIDTH = 24
_GRID_COLUMN_PIXELS = 1200 / _GRID_WIDTH  # of a small laptop's window
_GRAFANAS_LEAST = 150  # pixels of a column


def test_files_are_made_from_code() -> None:
    """`make dashboards` writes them; a change by hand would be lost."""
    made = make_dashboards()
    assert sorted(made) == sorted(path.name for path in DASHBOARDS.iterdir())
    for name, text in made.items():
        assert (DASHBOARDS / name).read_text(encoding="utf-8") == text, "run: make dashboards"


def test_what_an_incident_needs_is_there() -> None:
    assert list(BOARDS) == ["journal", "model", "queue", "service", "system"]


@pytest.mark.parametrize("name", BOARDS)
def test_identity(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == f"sightglass-{name}"
    assert board["title"]
    assert board["description"]
    assert board["editable"] is False
    assert board["schemaVersion"] == 41
    assert "id" not in board  # that of another Grafana
    assert [link["type"] for link in board["links"]] == ["dashboards"]
    assert set(board["links"][0]["tags"]) <= set(board["tags"])
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_fill_their_rows_without_overlap(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    for top, line in itertools.groupby(places, key=lambda place: place["y"]):
        assert sum(place["w"] for place in line) == _GRID_WIDTH, f"the line at {top} has a gap"


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_panel_is_explained(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) >= 30
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in _UNITS
    assert defaults["noValue"], "what the panel says when there is nothing to show"
    refs = [target["refId"] for target in panel["targets"]]
    assert refs
    assert len(set(refs)) == len(refs)


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_panel_asks_the_chosen_data_source(panel: dict[str, Any]) -> None:
    wanted = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["datasource"] == wanted
    for target in panel["targets"]:
        assert target["datasource"] == wanted
        assert target["instant"] != target["range"]


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_colours_are_of_the_palette(panel: dict[str, Any]) -> None:
    """Those that people of any colour vision tell apart."""
    palette = {value for value in vars(style).values() if str(value).startswith("#")}
    found = set(re.findall(r'"(?:color|fixedColor)": "(#\w+)"', json.dumps(panel)))
    assert found <= palette


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_number_is_of_this_moment(panel: dict[str, Any]) -> None:
    """Of a range, Grafana would show the last value of what has been gone for hours."""
    if panel["type"] == "stat":
        assert [target["instant"] for target in panel["targets"]] == [True]


@pytest.mark.parametrize("panel", TABLES.values(), ids=TABLES)
def test_columns_of_a_table_are_all_seen(panel: dict[str, Any]) -> None:
    """Grafana scrolls sideways rather than make a column narrower than its least width."""
    columns = panel["transformations"][-1]["options"]["renameByName"].values()
    set_widths = {
        override["matcher"]["options"]: prop["value"]
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if prop["id"] == "custom.width"
    }
    assert set_widths.keys() <= set(columns), "a width for a column that is not there"
    least = panel["fieldConfig"]["defaults"].get("custom", {}).get("minWidth", _GRAFANAS_LEAST)
    needed = sum(set_widths.get(column, least) for column in columns)
    assert needed <= panel["gridPos"]["w"] * _GRID_COLUMN_PIXELS


@pytest.mark.parametrize("panel", (GRAPHS | HEATMAPS).values(), ids=GRAPHS | HEATMAPS)
def test_a_rise_is_not_counted_twice(panel: dict[str, Any]) -> None:
    """Windows of `$__rate_interval` overlap: what `increase` finds in each does not add up."""
    for target in panel["targets"]:
        assert not re.search(r"increase\([^()]*\[\$__rate_interval\]", target["expr"])


@pytest.mark.parametrize("panel", GRAPHS.values(), ids=GRAPHS)
def test_graph_can_be_read(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults["custom"]
    legend = panel["options"]["legend"]
    beside = (legend["placement"], legend["displayMode"]) == ("right", "table")
    below = (legend["placement"], legend["displayMode"]) == ("bottom", "list")
    assert beside if panel["gridPos"]["w"] >= _GRID_WIDTH // 2 else below
    if defaults["unit"] in ("reqps", "ops", "none", "short"):
        assert custom["axisSoftMax"] > 0, "zeros on an axis up to 100"
    if custom.get("thresholdsStyle"):
        first = defaults["thresholds"]["steps"][1]["value"]
        assert custom["axisSoftMax"] > first, "how far the limit is cannot be seen"
    if custom.get("stacking"):
        assert custom["lineWidth"] == 0, "the edge of a series of zeros, over the others"


def test_runbooks_that_are_named_exist() -> None:
    pages = set(re.findall(r"\b([A-Z]\w+\.md)\b", json.dumps(list(BOARDS.values()))))
    assert pages
    there = {path.name for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")}
    assert pages <= there


def test_settings_that_are_named_exist() -> None:
    """Words like KEEP_IMAGES in descriptions are settings."""
    descriptions = " ".join(panel["description"] for panel in PANELS.values())
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", descriptions))
    assert named
    explained = (REPOSITORY / ".env.example").read_text()
    assert not {name for name in named if name not in explained}


def test_limits_are_those_of_the_monitor_page() -> None:
    tiles = REPOSITORY / "frontend" / "src" / "app" / "features" / "monitor" / "activity-tiles.ts"
    written = re.findall(r"limits: \[([\d.]+), ([\d.]+)\]", tiles.read_text())
    latency_ms, failed, waiting, lag = [(float(a), float(b)) for a, b in written]
    assert (latency_ms[0] / 1000, latency_ms[1] / 1000) == style.LATENCY_SECONDS
    assert failed == style.FAILED_SHARE
    assert waiting == style.IMAGES_WAITING
    assert lag == style.JOURNAL_LAG_SECONDS


def test_jobs_that_are_asked_for_are_scraped() -> None:
    config = yaml.safe_load((REPOSITORY / "monitoring/prometheus/prometheus.yml").read_text())
    scraped = {job["job_name"] for job in config["scrape_configs"]}
    asked = {
        job
        for text in [*(t.expression for t in targets()), *(v.metric for v in variables())]
        for job in re.findall(r'\bjob="(\w+)"', text)
    }
    assert asked
    assert asked <= scraped


def test_data_source_is_the_one_that_dashboards_ask_for() -> None:
    text = (GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text()
    (source,) = yaml.safe_load(text)["datasources"]
    assert source["uid"] == frame.DATASOURCE_UID
    assert source["type"] == panels.DATASOURCE.type_val
    assert source["isDefault"] is True
    config = yaml.safe_load((REPOSITORY / "monitoring/prometheus/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]


def test_every_variable_is_used() -> None:
    for variable in variables():
        board = json.dumps(BOARDS[variable.dashboard]["panels"])
        assert f"${variable.name}" in board, str(variable)
