"""The rate of calls from several threads."""

from __future__ import annotations

import threading
import time

import pytest

from sightglass.benchmark.engine_bench import rate_of
from sightglass.errors import SetupError


def test_every_thread_works_at_once() -> None:
    seen: set[int] = set()

    def work() -> None:
        seen.add(threading.get_ident())
        time.sleep(0.02)

    rate = rate_of(work, threads=4, seconds=0.6, lead_in=0.1)
    assert len(seen) == 4
    assert 50 < rate <= 4 / 0.02 + 10


def test_an_error_of_the_work_ends_the_measurement() -> None:
    def work() -> None:
        raise ValueError("broken model")

    with pytest.raises(ValueError, match="broken model"):
        rate_of(work, threads=2, seconds=0.2, lead_in=0.0)


def test_nothing_finished_is_not_a_rate_of_zero() -> None:
    with pytest.raises(SetupError, match="--seconds"):
        rate_of(lambda: time.sleep(0.3), threads=1, seconds=0.1, lead_in=0.0)
