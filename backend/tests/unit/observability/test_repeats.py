"""An error that repeats is told some times at once, then one a minute."""

from __future__ import annotations

from sightglass.observability.repeats import ALL_BURST, BURST, EVERY_SECONDS, RepeatLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_burst_then_one_a_minute_with_a_count() -> None:
    clock = Clock()
    limit = RepeatLimit(clock)
    assert [limit.admit("a") for _ in range(1000)] == [0] * BURST + [None] * (1000 - BURST)
    clock.now += EVERY_SECONDS
    assert limit.admit("a") == 1000 - BURST
    assert limit.admit("a") is None
    assert limit.admit("b") == 0


def test_all_kinds_together() -> None:
    clock = Clock()
    limit = RepeatLimit(clock)
    admitted = [limit.admit(f"kind {number}") for number in range(1000)]
    assert admitted.count(0) == ALL_BURST
    clock.now += 3
    assert [limit.admit(f"new {number}") for number in range(5)] == [0, 0, 0, None, None]
