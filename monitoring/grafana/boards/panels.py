"""The kinds of panel: a number, lines over time, a heat map, a table.

Each takes what it shows, what is normal and what to do about the rest, and its queries. Queries
are (PromQL, name of the series); the name may hold labels as `{{label}}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap as heatmap_builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.heatmap import Panel as HeatmapPanel
from grafana_foundation_sdk.models import common, heatmap
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from boards import style

Query = tuple[str, str]
Limits = tuple[float, float]

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHT = 8
_NUMBER_HEIGHT = 4


def number(
    title: str,
    about: str,
    unit: str,
    query: str,
    *,
    width: int = 4,
    limits: Limits | None = None,
    least: Limits | None = None,
    empty: str = "nothing yet",
) -> stat.Panel:
    """What is true now, large. `limits`: raised and bad from; `least`: bad and raised below.

    Asked of this moment alone: of a range, Grafana shows the last value that there was, and a
    part that is gone for an hour would look as well as ever.
    """
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(DATASOURCE)
        .unit(unit)
        .span(width)
        .height(_NUMBER_HEIGHT)
        .no_value(empty)
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(limits, least))
        .targets([_query(query, "A").legend_format(title).instant()])
    )


def graph(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    limits: Limits | None = None,
    stacked: bool = False,
    shares: bool = False,
    highest: float | None = None,
    empty: str = "nothing yet",
) -> timeseries.Panel:
    """Lines over time; `limits` are drawn as dashes. `stacked`: areas; `shares`: of 100 %."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(_HEIGHT)
        .no_value(empty)
        .line_width(1)
        .fill_opacity(30 if stacked or shares else 0)
        .show_points(common.VisibilityMode.AUTO)
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .tooltip(
            common_builders.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "max", "lastNotNull"])
        )
        .targets([_over_time(query, _ref(place)) for place, query in enumerate(queries)])
    )
    if stacked or shares:
        mode = common.StackingMode.PERCENT if shares else common.StackingMode.NORMAL
        panel.stacking(common_builders.StackingConfig().mode(mode).group("A"))
    if highest is not None:
        panel.max(highest)
    if limits:
        panel.thresholds(_thresholds(limits, None)).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(
                common.GraphThresholdsStyleMode.DASHED
            )
        )
    for pattern, colour in style.SERIES.items():
        panel.override_by_regexp(pattern, [_fixed(colour)])
    return panel


def heat(title: str, about: str, unit: str, query: str, *, width: int = 12) -> HeatmapPanel:
    """The buckets of a histogram over time; `query` gives one series per bucket, by `le`."""
    target = (
        prometheus.Dataquery()
        .expr(query)
        .legend_format("{{le}}")
        .format(PromQueryFormat.HEATMAP)
        .range()
        .ref_id("A")
        .datasource(DATASOURCE)
    )
    colours = (
        heatmap_builders.HeatmapColorOptions()
        .mode(heatmap.HeatmapColorMode.SCHEME)
        .scheme("Cividis")
        .steps(64)
        .scale(heatmap.HeatmapColorScale.EXPONENTIAL)
        .exponent(0.5)
    )
    return (
        HeatmapPanel()
        .title(title)
        .description(about)
        .datasource(DATASOURCE)
        .span(width)
        .height(_HEIGHT)
        .unit("short")
        .no_value("nothing yet")
        .calculate(False)
        .color(colours)
        .y_axis(heatmap_builders.YAxisConfig().unit(unit))
        .show_legend()
        .targets([target])
    )


def listing(
    title: str,
    about: str,
    *queries: Query,
    columns: Mapping[str, str],
    units: Mapping[str, str] | None = None,
    width: int = 12,
    sort_by: str = "",
    empty: str = "nothing",
) -> table.Panel:
    """A table of what is true now. Each query adds the column of its name to the rows that its
    labels make; `columns` are labels and queries in their order, with their headings.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(DATASOURCE)
        .span(width)
        .height(_HEIGHT)
        .unit("short")
        .no_value(empty)
        .targets([_now(query, _ref(place)) for place, query in enumerate(queries)])
        .transformations(_as_rows(queries, columns))
    )
    for heading, unit in (units or {}).items():
        panel.override_by_name(heading, [DynamicConfigValue(id_val="unit", value=unit)])
    if sort_by:
        panel.sort_by([common_builders.TableSortByFieldState().display_name(sort_by).desc(True)])
    return panel


def named(panel: stat.Panel, names: Mapping[str, tuple[str, str]]) -> stat.Panel:
    """Show words instead of numbers: value -> (word, colour)."""
    options = {
        value: ValueMappingResult(text=text, color=colour)
        for value, (text, colour) in names.items()
    }
    return panel.mappings([ValueMap(options=options)])


def up_or_down(panel: stat.Panel) -> stat.Panel:
    """1 and 0 as words."""
    return named(panel, {"1": ("up", style.GOOD), "0": ("down", style.BAD)})


def _over_time(query: Query, ref: str) -> prometheus.Dataquery:
    expression, name = query
    return _query(expression, ref).legend_format(name).range()


def _now(query: Query, ref: str) -> prometheus.Dataquery:
    return _query(query[0], ref).instant().format(PromQueryFormat.TABLE)


def _query(expression: str, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).ref_id(ref).datasource(DATASOURCE)


def _as_rows(queries: Sequence[Query], columns: Mapping[str, str]) -> list[DataTransformerConfig]:
    """Join the answers by their labels, then keep, order and name the columns.

    Grafana calls the value of one query `Value`, those of several `Value #A`, `Value #B`, ...
    """
    values = {name: f"Value #{_ref(place)}" for place, (_, name) in enumerate(queries)}
    if len(queries) == 1:
        values = dict.fromkeys(values, "Value")
    fields = [values.get(column, column) for column in columns]
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": fields}}),
        DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {field: place for place, field in enumerate(fields)},
                "renameByName": dict(zip(fields, columns.values(), strict=True)),
            },
        ),
    ]


def _thresholds(limits: Limits | None, least: Limits | None) -> builders.ThresholdsConfig:
    steps = [Threshold(value=None, color=style.CALM)]
    if limits:
        steps = [
            Threshold(value=None, color=style.GOOD),
            Threshold(value=limits[0], color=style.RAISED),
            Threshold(value=limits[1], color=style.BAD),
        ]
    if least:
        steps = [
            Threshold(value=None, color=style.BAD),
            Threshold(value=least[0], color=style.RAISED),
            Threshold(value=least[1], color=style.GOOD),
        ]
    return builders.ThresholdsConfig().steps(steps)


def _fixed(colour: str) -> DynamicConfigValue:
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})


def _ref(place: int) -> str:
    return chr(ord("A") + place)
