"""How panels look: legends, the colours of lines, words for values, thresholds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    MatcherConfig,
    Threshold,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from boards import style

Limits = tuple[float, float]

HALF = 12  # of the 24 columns


def legend(width: int) -> common_builders.VizLegendOptions:
    """Beside a wide graph, the largest first; below a narrow one, where it must be short."""
    legend = common_builders.VizLegendOptions().show_legend(True)
    if width < HALF:
        return (
            legend.display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull"])
        )
    return (
        legend.display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.RIGHT)
        .calcs(["max", "lastNotNull"])
        .sort_by("Last *")
        .sort_desc(True)
    )


def colours(names: Sequence[str]) -> list[tuple[MatcherConfig, str]]:
    """The colours of lines: those of names that this graph alone has, then those that are the
    same everywhere, as far as a line here may have such a name.
    """
    made_of_labels = any("{{" in name for name in names)
    found = []
    own = [name for name in names if "{{" not in name]
    for pattern, colour in style.SERIES.items():
        known = [name for name in own if re.fullmatch(pattern, name)]
        own = [name for name in own if name not in known]
        if known or made_of_labels:
            found.append((MatcherConfig(id_val="byRegexp", options=pattern), colour))
    named = [MatcherConfig(id_val="byName", options=name) for name in own]
    return [*zip(named, style.UNJUDGED, strict=False), *found]


def mappings(words: style.Words) -> list[ValueMapping]:
    """Show words, each in its colour, instead of values."""
    return [
        ValueMap(
            options={
                value: ValueMappingResult(text=text, color=colour, index=place)
                for place, (value, (text, colour)) in enumerate(words.items())
            }
        )
    ]


def thresholds(limits: Limits | None, least: Limits | None) -> builders.ThresholdsConfig:
    """Good, raised and bad: upwards by `limits`, downwards by `least`; neither: nobody judges."""
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


def fixed(colour: str) -> DynamicConfigValue:
    """One colour, whatever the value."""
    return override("color", {"mode": "fixed", "fixedColor": colour})


def override(name: str, value: object) -> DynamicConfigValue:
    """One option, for the fields of an override."""
    return DynamicConfigValue(id_val=name, value=value)
