"""The kinds of panel: a number, lines over time, bars of states, a heat map, a table.

Each takes what it shows, what is normal and what to do about the rest, and its queries. Queries
are (PromQL, name of the series); the name may hold labels as `{{label}}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap as heatmap_builders
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.heatmap import Panel as HeatmapPanel
from grafana_foundation_sdk.models import common, heatmap
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, FieldColorModeId
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from boards import look, style
from boards.look import Limits
from boards.style import Words

Query = tuple[str, str]

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHT = 8
_NUMBER_HEIGHT = 4
_NARROWEST = 50  # pixels of a column; Grafana's own 150 hides the last ones of a narrow table

# Where the axis ends at least. Grafana draws a line of zeros on an axis up to 100.
_LEAST_TOP = {"reqps": 0.1, "ops": 0.1, "none": 1.0, "short": 1.0}
_ABOVE_LIMIT = 1.2  # how far a line is from its limit is seen at any time


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
        .thresholds(look.thresholds(limits, least))
        .targets([_query(query, "A").legend_format(title).instant()])
    )


def graph(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    width: int = look.HALF,
    limits: Limits | None = None,
    stacked: bool = False,
    highest: float | None = None,
    empty: str = "nothing yet",
) -> timeseries.Panel:
    """Lines over time, or areas if `stacked`; `limits` are drawn as dashes."""
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
        # An area without an edge: that of a series of zeros would lie on top of the others.
        .line_width(0 if stacked else 1)
        .fill_opacity(70 if stacked else 0)
        .show_points(common.VisibilityMode.AUTO)
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .tooltip(
            common_builders.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .legend(look.legend(width))
        .targets([_over_time(query, _ref(place)) for place, query in enumerate(queries)])
    )
    if stacked:
        stacking = common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
        panel.stacking(stacking)
    if highest is not None:
        panel.max(highest)
    top = limits[0] * _ABOVE_LIMIT if limits else _LEAST_TOP.get(unit)
    if top is not None:
        panel.axis_soft_max(top)
    if limits:
        panel.thresholds(look.thresholds(limits, None)).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(
                common.GraphThresholdsStyleMode.DASHED
            )
        )
    for matcher, colour in look.colours([name for _, name in queries]):
        panel.with_override(matcher, [look.fixed(colour)])
    return panel


def states(
    title: str,
    about: str,
    query: Query,
    words: Words,
    *,
    width: int = look.HALF,
    empty: str = "nothing yet",
) -> statetimeline.Panel:
    """One bar per series over time, coloured by what its values mean."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(DATASOURCE)
        .unit("none")
        .span(width)
        .height(_HEIGHT)
        .no_value(empty)
        .merge_values(True)
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .mappings(look.mappings(words))
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
        .targets([_over_time(query, "A")])
    )


def heat(title: str, about: str, unit: str, query: str, *, width: int = look.HALF) -> HeatmapPanel:
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
    words: Mapping[str, Words] | None = None,
    narrow: Mapping[str, int] | None = None,
    width: int = look.HALF,
    sort_by: str = "",
    ascending: bool = False,
    empty: str = "nothing",
) -> table.Panel:
    """A table of what is true now. Each query adds the column of its name to the rows that its
    labels make; `columns` are labels and queries in their order, with their headings. `units`,
    `words` and the widths of `narrow` columns (pixels) go by heading; the other columns share
    what is left.
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
        .show_header(True)
        .cell_options(common.TableAutoCellOptions())
        .min_width(_NARROWEST)
        .targets([_now(query, _ref(place)) for place, query in enumerate(queries)])
        .transformations(_as_rows(queries, columns))
    )
    for heading, unit in (units or {}).items():
        panel.override_by_name(heading, [look.override("unit", unit)])
    for heading, meant in (words or {}).items():
        shown = look.override("mappings", look.mappings(meant))
        coloured = look.override("custom.cellOptions", common.TableColorTextCellOptions())
        panel.override_by_name(heading, [shown, coloured])
    for heading, pixels in (narrow or {}).items():
        panel.override_by_name(heading, [look.override("custom.width", pixels)])
    if sort_by:
        order = common_builders.TableSortByFieldState().display_name(sort_by).desc(not ascending)
        panel.sort_by([order])
    return panel


def up_or_down(panel: stat.Panel) -> stat.Panel:
    """1 and 0 as words."""
    return panel.mappings(look.mappings(style.UP_OR_DOWN))


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


def _ref(place: int) -> str:
    return chr(ord("A") + place)
