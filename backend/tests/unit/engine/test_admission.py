"""Admission: bounded, in time, and never doing work that nobody waits for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from functools import partial
from pathlib import Path

import pytest

from sightglass.engine.admission import Admission
from sightglass.errors import DeadlineExceededError, OverloadedError, ShuttingDownError
from sightglass.observability import metrics

FAR = 60.0


def soon(seconds: float = FAR) -> float:
    return time.monotonic() + seconds


class Gate:
    """Work that runs until it is let go."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> str:
        self.started.set()
        assert self.open.wait(10)
        return "done"


@pytest.fixture
def admission() -> Iterator[Admission]:
    made = Admission(workers=1, queue_limit=2)
    yield made
    made.close(0)


def occupy(admission: Admission) -> Gate:
    gate = Gate()
    admission.submit(gate, soon())
    assert gate.started.wait(5)
    return gate


_SHOW_REFUSALS = """
from sightglass.engine.admission import Admission
from sightglass.observability import metrics
Admission(workers=1, queue_limit=0).close(0)
(family,) = metrics.requests_refused.collect()
print(*(s.labels["reason"] for s in family.samples if s.name.endswith("_total")))
"""


def test_refusals_are_counted_from_zero_on() -> None:
    """Prometheus sees no increase in a counter that it first meets in the middle of an overload."""
    # In a process of its own: the counters of this one know what other tests have refused.
    environment = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", _SHOW_REFUSALS],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    documented = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text()
    (line,) = re.findall(
        r"^\| `requests_refused_total`.*by reason: (.*)$", documented, re.MULTILINE
    )
    assert set(done.stdout.split()) == set(re.findall(r"`(\w+)`", line))


def test_result_and_error_reach_the_caller(admission: Admission) -> None:
    assert admission.submit(lambda: 7, soon()).result(5) == 7
    with pytest.raises(ZeroDivisionError):
        admission.submit(lambda: 1 // 0, soon()).result(5)


def test_full_queue_refuses_and_says_when_to_return(admission: Admission) -> None:
    gate = occupy(admission)
    waiting = [admission.submit(lambda: 1, soon()) for _ in range(2)]
    assert (admission.depth, admission.in_flight) == (2, 1)
    with pytest.raises(OverloadedError) as refused:
        admission.submit(lambda: 1, soon())
    assert refused.value.retry_after_seconds > 0
    with pytest.raises(OverloadedError):
        admission.check(soon())
    gate.open.set()
    assert [future.result(5) for future in waiting] == [1, 1]
    admission.check(soon())


def test_gauges_follow(admission: Admission) -> None:
    gate = occupy(admission)
    queued = admission.submit(lambda: 1, soon())
    assert metrics.queue_depth._value.get() == 1
    assert metrics.inference_in_flight._value.get() == 1
    gate.open.set()
    queued.result(5)


def test_no_queue_means_only_idle_workers(admission: Admission) -> None:
    strict = Admission(workers=2, queue_limit=0)
    gates = [Gate(), Gate()]
    futures = [strict.submit(gate, soon()) for gate in gates]
    with pytest.raises(OverloadedError):
        strict.submit(lambda: 1, soon())
    for gate in gates:
        gate.open.set()
    wait(futures)
    strict.close(1)


def test_expired_in_the_queue_is_never_started(admission: Admission) -> None:
    admission.submit(lambda: None, soon()).result(5)  # the service time is now known to be tiny
    gate = occupy(admission)
    ran = threading.Event()
    late = admission.submit(ran.set, soon(0.05))
    time.sleep(0.1)
    gate.open.set()
    with pytest.raises(DeadlineExceededError):
        late.result(5)
    assert not ran.is_set()


def test_expired_work_makes_room_for_new_work(admission: Admission) -> None:
    admission.submit(lambda: None, soon()).result(5)
    gate = occupy(admission)
    late = [admission.submit(lambda: 1, soon(0.05)) for _ in range(2)]
    time.sleep(0.1)
    fresh = admission.submit(lambda: 2, soon())
    for future in late:
        with pytest.raises(DeadlineExceededError):
            future.result(0)
    gate.open.set()
    assert fresh.result(5) == 2


def test_wait_longer_than_the_deadline_is_refused_at_once(admission: Admission) -> None:
    admission.submit(lambda: time.sleep(0.2), soon()).result(5)
    gate = occupy(admission)
    with pytest.raises(OverloadedError):
        admission.submit(lambda: 1, soon(0.1))
    gate.open.set()


def test_idle_worker_takes_work_whatever_the_estimate(admission: Admission) -> None:
    admission.submit(lambda: time.sleep(0.3), soon()).result(5)
    for _ in range(200):  # the future is done a moment before its worker is idle again
        if admission.in_flight == 0:
            break
        time.sleep(0.005)
    assert admission.submit(lambda: 1, soon(0.1)).result(5) == 1


def test_cancelled_frees_its_place_at_once(admission: Admission) -> None:
    gate = occupy(admission)
    queued = [admission.submit(lambda: 1, soon()) for _ in range(2)]
    assert queued[0].cancel()
    assert admission.depth == 1
    replacement = admission.submit(lambda: 3, soon())
    gate.open.set()
    assert replacement.result(5) == 3
    with pytest.raises(CancelledError):
        queued[0].result(0)


def test_running_work_cannot_be_cancelled(admission: Admission) -> None:
    gate = Gate()
    future = admission.submit(gate, soon())
    assert gate.started.wait(5)
    assert not future.cancel()
    gate.open.set()
    assert future.result(5) == "done"


def test_close_finishes_what_fits_into_the_grace() -> None:
    admission = Admission(workers=1, queue_limit=8)
    futures = [admission.submit(lambda: time.sleep(0.01), soon()) for _ in range(5)]
    admission.close(5)
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(ShuttingDownError):
        admission.submit(lambda: 1, soon())
    with pytest.raises(ShuttingDownError):
        admission.check(soon())


def test_close_without_grace_fails_what_is_queued() -> None:
    admission = Admission(workers=1, queue_limit=8)
    gate = occupy(admission)
    queued = admission.submit(lambda: 1, soon())
    admission.close(0)
    with pytest.raises(ShuttingDownError):
        queued.result(0)
    gate.open.set()


def test_goodput_stays_at_three_times_the_load() -> None:
    service, workers, deadline, rate = 0.02, 2, 0.4, 300
    admission = Admission(workers=workers, queue_limit=64)
    accepted: list[Future[float]] = []
    refusals: list[float] = []
    begun = time.monotonic()
    for number in range(rate):  # one second of three times what two workers can do
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        end = soon(deadline)
        asked = time.monotonic()
        try:
            accepted.append(admission.submit(partial(work, service, end), end))
        except OverloadedError:
            refusals.append(time.monotonic() - asked)
    wait(accepted, timeout=5)
    spent = time.monotonic() - begun
    in_time = sum(1 for future in accepted if not future.exception() and future.result() > 0)
    admission.close(1)
    assert in_time >= 0.6 * workers * spent / service  # sleeping takes longer than it says
    assert in_time >= 0.9 * len(accepted)
    assert refusals
    assert sorted(refusals)[len(refusals) // 2] < 0.002


def work(seconds: float, deadline: float) -> float:
    """Take a while; the time that is then left to the deadline."""
    time.sleep(seconds)
    return deadline - time.monotonic()


def test_bounds_are_checked() -> None:
    with pytest.raises(ValueError):
        Admission(workers=0, queue_limit=1)
