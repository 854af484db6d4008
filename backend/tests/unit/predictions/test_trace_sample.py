"""Which predictions get a trace."""

from __future__ import annotations

import random

from sightglass.predictions.sinks.trace_sample import choose_traced
from tests.made_predictions import make_failure, make_prediction

NOON = 1_700_000_000.0


def test_all_below_the_rate() -> None:
    batch = [make_prediction(seed, created_at=NOON + seed) for seed in range(20)]
    assert choose_traced(batch, 1) == batch


def test_none_when_off() -> None:
    assert choose_traced([make_failure()], 0) == []


def test_above_the_rate() -> None:
    batch = [make_prediction(seed, created_at=NOON) for seed in range(50)]
    chosen = choose_traced(batch, 6)
    assert len(chosen) == 6
    by_time = sorted(batch, key=lambda p: p.total_milliseconds)
    assert all(slow in chosen for slow in by_time[-2:])
    least = min(batch, key=lambda p: min(d.confidence for d in p.detections))
    assert least in chosen


def test_every_failure_above_the_rate() -> None:
    failures = [make_failure(seed, created_at=NOON) for seed in range(10)]
    batch = [*failures, make_prediction(11, created_at=NOON)]
    assert choose_traced(batch, 3) == failures


def test_each_second_has_its_own_places() -> None:
    batch = [make_prediction(seed, created_at=NOON + seed / 10) for seed in range(100)]
    assert len(choose_traced(batch, 2)) == 20


def test_rate_below_one_a_second() -> None:
    batch = [make_prediction(seed, created_at=NOON + seed) for seed in range(100)]
    assert len(choose_traced(batch, 0.1)) == 10


def test_same_choice_in_any_order() -> None:
    batch = [make_prediction(seed, created_at=NOON) for seed in range(40)]
    shuffled = random.Random(1).sample(batch, len(batch))
    first = {p.id for p in choose_traced(batch, 7)}
    assert first == {p.id for p in choose_traced(shuffled, 7)}
