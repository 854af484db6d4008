"""What to measure and how long: the options of one run, and the rounds that follow from them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchmarkOptions:
    """`seconds` is the length of one round; `quick` shortens everything to about a minute.
    `input_size` is the longest side of the model's input, 0 as the model says.
    """

    seconds: float = 4.0
    input_size: int = 640
    image: Path | None = None
    json_file: Path | None = None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The rounds of one run."""

    seconds: float
    rounds: int
    journal_rounds: int
    concurrencies: tuple[int, ...]
    queue_concurrency: int
    latency_pairs: int
    overload_rounds: int
    overload_factor: float
    starts: int
    settle_seconds: float

    @classmethod
    def of(cls, options: BenchmarkOptions) -> Plan:
        quick = options.quick
        return cls(
            seconds=options.seconds / 4 if quick else options.seconds,
            rounds=2 if quick else 4,
            journal_rounds=2 if quick else 8,
            concurrencies=(1, 4, 8) if quick else (1, 2, 4, 8, 16),
            queue_concurrency=16,
            latency_pairs=30 if quick else 40,
            overload_rounds=1 if quick else 3,
            overload_factor=3.0,
            starts=1 if quick else 5,
            settle_seconds=5.0 if quick else 20.0,
        )


def rotated(items: list[str], by: int) -> list[str]:
    """Another order in each round, so that no contender always goes first."""
    by %= len(items)
    return items[by:] + items[:by]


def median(values: list[float]) -> float:
    return statistics.median(values)


def too_slow(seconds: float) -> str:
    """What to tell when a round of `seconds` saw nothing end."""
    return (
        f"Nothing was finished within a round of {seconds:g} s. A machine that is busy otherwise "
        "cannot be measured; --seconds makes the rounds longer."
    )


def ratios(above: list[float], below: list[float]) -> list[float]:
    """Of neighbouring rounds, so that a machine that drifts moves both."""
    return [a / b for a, b in zip(above, below, strict=True)]
