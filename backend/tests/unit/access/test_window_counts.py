"""Sliding windows by a clock that the test sets."""

from __future__ import annotations

import limits
import pytest

from sightglass.access.window_counts import Limit, OwnCounts

TEN = Limit(limits.parse("10/minute"), ("rate", "ten"))
START = 1234.5


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts(clock: Clock) -> OwnCounts:
    return OwnCounts(clock)


def let_through(counts: OwnCounts, tries: int = 20) -> int:
    return sum(counts.use(TEN, 1).enough for _ in range(tries))


def test_what_is_used_up(counts: OwnCounts) -> None:
    assert counts.use(TEN, 4).remaining == 6
    assert not counts.use(TEN, 7).enough
    assert counts.use(TEN, 6).remaining == 0
    assert let_through(counts) == 0


def test_the_window_before_reaches_into_this_one(counts: OwnCounts, clock: Clock) -> None:
    assert let_through(counts) == 10
    clock.now = START + 60 + 15
    assert let_through(counts) == 3  # of three quarters, rounded down, seven are left
    clock.now = START + 60 + 45
    assert let_through(counts) == 5  # three of this window, two of the one before
    clock.now = START + 3 * 60
    assert let_through(counts) == 10


@pytest.mark.parametrize("at", [0.0, 7.3, 31.0, 59.9])
def test_it_has_room_when_it_says_so_and_not_before(
    counts: OwnCounts, clock: Clock, at: float
) -> None:
    let_through(counts)
    clock.now = START + 60 + at
    let_through(counts)
    for _ in range(15):
        told = counts.use(TEN, 1)
        assert not told.enough
        clock.now += told.reset_seconds - 0.01
        assert not counts.use(TEN, 1).enough
        clock.now += 0.01
        assert counts.use(TEN, 1).enough


def test_nothing_is_used(counts: OwnCounts) -> None:
    assert counts.use(TEN, 0).reset_seconds == 0


def test_given_back_in_the_next_window(counts: OwnCounts, clock: Clock) -> None:
    """It must not leave more than there ever was."""
    assert let_through(counts) == 10
    clock.now = START + 60
    for _ in range(10):
        counts.use(TEN, -1)
    clock.now = START + 90
    assert let_through(counts) == 5
    clock.now = START + 180
    assert let_through(counts) == 10


def test_given_back_twice_is_given_once(counts: OwnCounts) -> None:
    counts.use(TEN, 1)
    assert [counts.use(TEN, -1).remaining for _ in range(3)] == [10, 10, 10]


def test_taken_out_once(counts: OwnCounts) -> None:
    other = Limit(limits.parse("5/minute"), ("rate", "other"))
    counts.use(TEN, 3)
    counts.use(other, 2)
    taken = [counts.take(), counts.take(), counts.take()]
    assert [usage and (usage.limit, usage.used) for usage in taken] == [
        *((TEN, 3), (other, 2), None)
    ]
    assert let_through(counts) == 10
