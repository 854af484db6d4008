"""Percentiles and scales of GET /activity."""

from __future__ import annotations

import math

import pytest

from sightglass.api.activity_report import histogram_quantile, scale_for

BOUNDS = (0.1, 0.2, 0.4)


@pytest.mark.parametrize(
    ("quantile", "counts", "expected"),
    [
        (0.5, (10, 10, 10, 10), 0.05),  # linear from zero in the first bucket
        (0.5, (0, 10, 10, 10), 0.15),
        (0.5, (5, 10, 10, 10), 0.1),  # the bound itself
        (0.9, (0, 5, 10, 10), 0.36),
        (0.99, (0, 0, 0, 10), 0.4),  # above all bounds: the highest that is known
        (0.5, (0, 0, 0, 0), None),
    ],
)
def test_quantile(quantile: float, counts: tuple[float, ...], expected: float | None) -> None:
    found = histogram_quantile(quantile, BOUNDS, counts)
    assert found == (None if expected is None else pytest.approx(expected))


def test_every_time_has_at_most_360_points_and_is_covered() -> None:
    for minutes in range(5, 1441):
        scale = scale_for(minutes)
        assert 30 <= scale.points <= 360
        assert scale.step_seconds % scale.resolution.seconds == 0
        covered = scale.points * scale.step_seconds
        assert math.isclose(covered, minutes * 60, abs_tol=scale.step_seconds)
        assert covered <= scale.resolution.kept_seconds
