"""From the steps in Redis to the series of GET /activity."""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sightglass.jobs.connection import reachable
from sightglass.observability.activity.store import COARSE, FINE, ActivityStore, Resolution, Step
from sightglass.observability.metrics import LATENCY
from sightglass.predictions.record import Outcome

_MOST_POINTS = 360
_FINE_MINUTES = 120
# A step is sampled right after its end; asked before that, it would look as if nobody sampled it.
_SETTLED_SECONDS = 3.0
_MOST_CLASSES = 30
_REQUESTS = ("ok", "client_error", "refused", "server_error")
_PERCENTILES = (50, 95, 99)
_TENTHS = tuple(str(step / 10) for step in range(1, 11))


@dataclass(frozen=True, slots=True)
class Scale:
    """Which steps are asked for: `size` of them make one point."""

    resolution: Resolution
    size: int
    points: int

    @property
    def step_seconds(self) -> int:
        return self.resolution.seconds * self.size


@dataclass(slots=True)
class Point:
    """Several steps as one. `seconds` is how much of it was sampled."""

    step: Step = field(default_factory=Step)
    seconds: int = 0

    def rate(self, name: str) -> float | None:
        return round(self.step.counts.get(name, 0.0) / self.seconds, 4) if self.seconds else None

    def level(self, name: str) -> float | None:
        return self.step.levels.get(name)

    def mean(self, total: str, count: str, *, unit: float = 1.0) -> float | None:
        """None where nothing was counted: then there is no mean."""
        counted = self.step.counts.get(count)
        return round(self.step.counts.get(total, 0.0) / counted * unit, 4) if counted else None

    def latency_ms(self, percentile: int) -> float | None:
        """None where nothing was predicted."""
        counts = [self.step.counts.get(f"latency|{bound}", 0.0) for bound in _LATENCY_LABELS]
        seconds = histogram_quantile(percentile / 100, LATENCY, counts)
        return None if seconds is None else round(seconds * 1e3, 2)


_LATENCY_LABELS = (*(str(float(bound)) for bound in LATENCY), "+Inf")


class ActivityReport:
    """Reads what the samplers of all processes wrote. Safe to share between threads."""

    def __init__(self, redis_url: str, clock: Callable[[], float] = time.time) -> None:
        self._store = ActivityStore(redis_url)
        self._clock = clock

    def get(self, minutes: int) -> dict[str, Any]:
        """The JSON of GET /activity. Raises `QueueUnavailableError` while Redis is away."""
        scale = scale_for(minutes)
        end = math.floor((self._clock() - _SETTLED_SECONDS) / scale.step_seconds)
        times = [(end - back) * scale.step_seconds for back in range(scale.points, 0, -1)]
        base = scale.resolution.seconds
        starts = range(times[0], times[-1] + scale.step_seconds, base)
        with reachable("Redis cannot be reached, and the activity is kept there."):
            steps = self._store.read(scale.resolution, starts)
        points = [
            _point(steps[first : first + scale.size], base)
            for first in range(0, len(steps), scale.size)
        ]
        return {"step_seconds": scale.step_seconds, "times": times, **_series(points)}

    def close(self) -> None:
        self._store.close()


def scale_for(minutes: int) -> Scale:
    """At most 360 points; short times are shown as finely as they are kept."""
    resolution = FINE if minutes <= _FINE_MINUTES else COARSE
    size = math.ceil(minutes * 60 / resolution.seconds / _MOST_POINTS)
    return Scale(resolution, size, minutes * 60 // (resolution.seconds * size))


def histogram_quantile(
    quantile: float, bounds: Sequence[float], counts: Sequence[float]
) -> float | None:
    """As the function of that name in Prometheus: linear inside the bucket that holds it.

    `counts` are cumulative, with one more than `bounds` for what is above all of them: that is
    told as the highest bound. None when nothing was counted.
    """
    rank = quantile * counts[-1]
    if not rank:
        return None
    place = bisect.bisect_left(counts, rank)
    if place >= len(bounds):
        return bounds[-1]
    lower, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    return lower + (bounds[place] - lower) * (rank - below) / (counts[place] - below)


def _point(steps: Sequence[Step | None], seconds: int) -> Point:
    point = Point()
    for step in steps:
        if step is not None:
            point.step.add(step)
            point.seconds += seconds
    return point


def _series(points: Sequence[Point]) -> dict[str, Any]:
    total = Step()
    for point in points:
        total.add(point.step)
    return {
        "requests": {kind: _rates(points, f"requests|{kind}") for kind in _REQUESTS},
        "predictions": {o.value: _rates(points, f"predictions|{o.value}") for o in Outcome},
        "latency_ms": {f"p{p}": [point.latency_ms(p) for point in points] for p in _PERCENTILES},
        "stage_ms": {
            stage: [
                point.mean(f"stage_seconds|{stage}", f"stage_count|{stage}", unit=1e3)
                for point in points
            ]
            for stage in _labels(total.counts, "stage_count")
        },
        "classes": {name: _rates(points, f"classes|{name}") for name in _most_seen(total.counts)},
        "confidence": [point.mean("confidence_sum|", "confidence_count|") for point in points],
        "confidence_counts": _tenths(total.counts),
        "queue_length": [point.level("queue_length") for point in points],
        "journal_lag_seconds": [point.level("journal_lag_seconds") for point in points],
    }


def _rates(points: Sequence[Point], name: str) -> list[float | None]:
    return [point.rate(name) for point in points]


def _labels(counts: Mapping[str, float], series: str) -> list[str]:
    parts = (name.partition("|") for name in counts)
    return [label for found, _, label in parts if found == series]


def _most_seen(counts: Mapping[str, float]) -> list[str]:
    names = _labels(counts, "classes")
    return sorted(names, key=lambda name: -counts[f"classes|{name}"])[:_MOST_CLASSES]


def _tenths(counts: Mapping[str, float]) -> list[float]:
    """How many were in each tenth, from the cumulative counts."""
    below = [counts.get(f"confidence|{bound}", 0.0) for bound in _TENTHS]
    return [high - low for low, high in zip([0.0, *below], below, strict=False)]
