"""The waiting line between owners: whatever happens in it, nothing is lost and nobody starves."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import Future, wait
from functools import partial

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sightglass.engine.admission import Admission
from sightglass.engine.fair_queue import FairQueue
from sightglass.errors import OverloadedError
from sightglass.observability import metrics
from tests.unit.engine.test_admission import Gate, occupy, soon

OWNERS = st.sampled_from(["", "a", "b", "c", "d"])


class Line(RuleBasedStateMachine):
    """Any sequence of calls, beside a plain list of what should wait."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[int] = FairQueue()
        self.waiting: list[tuple[str, int]] = []
        self.passed_over: defaultdict[str, int] = defaultdict(int)
        self.number = 0

    def mine(self, owner: str) -> list[int]:
        return [item for name, item in self.waiting if name == owner]

    @rule(owner=OWNERS)
    def push(self, owner: str) -> None:
        self.number += 1
        self.queue.push(owner, self.number)
        self.waiting.append((owner, self.number))

    @precondition(lambda self: self.waiting)
    @rule()
    def pop(self) -> None:
        others = {owner for owner, _ in self.waiting}
        item = self.queue.pop()
        owner = next(name for name, number in self.waiting if number == item)
        assert item == self.mine(owner)[0]  # first come, first served among its own
        self.waiting.remove((owner, item))
        self.passed_over[owner] = 0
        for other in others - {owner}:
            self.passed_over[other] += 1
            assert self.passed_over[other] < 5  # each owner once before anybody comes again

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        owner, item = data.draw(st.sampled_from(self.waiting))
        assert self.queue.remove(owner, item)
        assert not self.queue.remove(owner, item)
        self._left(owner, item)

    @precondition(lambda self: self.waiting)
    @rule()
    def displace(self) -> None:
        most = max(len(self.mine(owner)) for owner, _ in self.waiting)
        item = self.queue.displace()
        owner = next(name for name, number in self.waiting if number == item)
        assert len(self.mine(owner)) == most
        assert item == self.mine(owner)[-1]
        self._left(owner, item)

    @rule(divisor=st.integers(2, 4))
    def take(self, divisor: int) -> None:
        taken = self.queue.take(lambda item: item % divisor == 0)
        expected = [(owner, item) for owner, item in self.waiting if item % divisor == 0]
        assert sorted(taken) == [item for _, item in expected]
        for owner, item in expected:
            self._left(owner, item)

    @rule(owner=OWNERS)
    def foresee(self, owner: str) -> None:
        """`ahead_of` is the number of pops before the new item's turn when nobody else comes."""
        ahead = self.queue.ahead_of(owner)
        self.push(owner)
        newest = self.number
        for count in range(len(self.waiting)):
            item = self.queue.pop()
            name = next(name for name, number in self.waiting if number == item)
            self._left(name, item)
            if item == newest:
                assert count == ahead
                return
        raise AssertionError("it was lost")

    @rule(owner=OWNERS)
    def displaces_only_for_the_smaller(self, owner: str) -> None:
        own = len(self.mine(owner))
        most = max((len(self.mine(name)) for name, _ in self.waiting), default=0)
        assert self.queue.can_displace(owner) == (most >= own + 2)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.queue) == len(self.waiting)

    def teardown(self) -> None:
        left = [self.queue.pop() for _ in range(len(self.queue))]
        assert sorted(left) == sorted(item for _, item in self.waiting)
        with pytest.raises(IndexError):
            self.queue.pop()

    def _left(self, owner: str, item: int) -> None:
        self.waiting.remove((owner, item))
        if not self.mine(owner):
            self.passed_over[owner] = 0


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.booleans(), max_size=60))
def test_one_owner_is_a_plain_queue(pushes: list[bool]) -> None:
    queue: FairQueue[int] = FairQueue()
    plain: list[int] = []
    for number, is_push in enumerate(pushes):
        if is_push:
            assert queue.ahead_of("") == len(plain)
            queue.push("", number)
            plain.append(number)
        elif plain:
            assert queue.pop() == plain.pop(0)
        assert not queue.can_displace("") or len(plain) > 1
    assert len(queue) == len(plain)


# --- the same in the admission, with threads


def test_owner_with_little_goes_first_among_many() -> None:
    admission = Admission(workers=1, queue_limit=64)
    gate = occupy(admission)
    order: list[str] = []
    names = [f"batch-{n}" for n in range(20)] + [f"one-{n}" for n in range(2)]
    work = [
        admission.submit(partial(order.append, name), soon(), name.partition("-")[0])
        for name in names
    ]
    gate.open.set()
    wait(work, timeout=10)
    assert order[:5] == ["batch-0", "one-0", "batch-1", "one-1", "batch-2"]
    assert [name for name in order if "batch" in name] == names[:20]
    admission.close(1)


def test_full_queue_takes_a_place_from_the_owner_with_most() -> None:
    admission = Admission(workers=1, queue_limit=4)
    gate = occupy(admission)
    batch = [admission.submit(lambda: 1, soon(), "batch") for _ in range(4)]
    with pytest.raises(OverloadedError):
        admission.submit(lambda: 1, soon(), "batch")
    before = metrics.requests_refused.labels("unfair_share")._value.get()
    admission.check(soon(), "one")
    assert admission.depth == 4  # asking takes nothing
    mine = [admission.submit(lambda: 2, soon(), "one") for _ in range(2)]
    for displaced in batch[2:]:
        with pytest.raises(OverloadedError) as refused:
            displaced.result(0)
        assert refused.value.retry_after_seconds > 0
    with pytest.raises(OverloadedError):  # two each: nobody has more than a fair share
        admission.submit(lambda: 2, soon(), "one")
    assert metrics.requests_refused.labels("unfair_share")._value.get() == before + 2
    gate.open.set()
    assert [future.result(5) for future in (*batch[:2], *mine)] == [1, 1, 2, 2]
    admission.close(1)


def test_wait_is_estimated_for_each_owner() -> None:
    admission = Admission(workers=1, queue_limit=64)
    admission.submit(lambda: time.sleep(0.1), soon()).result(5)  # the service time is now known
    gate = occupy(admission)
    waiting = [admission.submit(lambda: None, soon(), "batch") for _ in range(40)]
    with pytest.raises(OverloadedError):  # 40 times a tenth of a second is too late
        admission.submit(lambda: None, soon(2), "batch")
    assert admission.retry_after_seconds("batch") > 3
    assert admission.retry_after_seconds("one") < 1
    mine = admission.submit(lambda: "in time", soon(2), "one")
    gate.open.set()
    assert mine.result(5) == "in time"
    wait(waiting, timeout=10)
    admission.close(1)


def test_cancelled_and_expired_leave_the_queue_of_their_owner() -> None:
    admission = Admission(workers=1, queue_limit=3)
    admission.submit(lambda: None, soon()).result(5)
    gate = occupy(admission)
    late = admission.submit(lambda: None, soon(0.05), "a")
    kept = admission.submit(lambda: 1, soon(), "b")
    cancelled = admission.submit(lambda: 1, soon(), "b")
    assert cancelled.cancel()
    assert admission.depth == 2
    time.sleep(0.1)
    more = [admission.submit(lambda: 2, soon(), "c") for _ in range(2)]
    assert late.done()
    gate.open.set()
    assert [future.result(5) for future in (kept, *more)] == [1, 2, 2]
    admission.close(1)


# Threads do not repeat themselves: shrinking an example would only take long.
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(
    workers=st.integers(1, 3),
    limit=st.integers(0, 6),
    owners=st.lists(OWNERS, min_size=1, max_size=4),
    each=st.integers(1, 12),
)
def test_threads_lose_no_ticket(workers: int, limit: int, owners: list[str], each: int) -> None:
    """Threads submit and cancel at once: every future ends, none runs twice, the bound holds."""
    admission = Admission(workers, limit)
    runs: list[object] = []
    futures: list[Future[None]] = []
    deepest: list[int] = []

    def send(owner: str) -> None:
        for number in range(each):
            try:
                future = admission.submit(partial(runs.append, object()), soon(), owner)
            except OverloadedError:
                continue
            futures.append(future)
            deepest.append(admission.depth)
            if number % 4 == 3:
                future.cancel()

    threads = [threading.Thread(target=send, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [future for future in futures if not future.cancelled()]
    _, unfinished = wait(done, timeout=20)
    admission.close(1)
    assert not unfinished
    succeeded = [future for future in done if future.exception() is None]
    assert len(runs) == len(set(map(id, runs))) == len(succeeded)
    assert all(isinstance(f.exception(), OverloadedError) for f in done if f not in succeeded)
    assert all(depth <= limit + workers for depth in deepest)
    assert (admission.depth, admission.in_flight) == (0, 0)


def test_gate_is_what_keeps_an_owner_waiting() -> None:
    """While another owner keeps sending, each item of the first waits for one of theirs at most."""
    admission = Admission(workers=1, queue_limit=8)
    gates = [Gate() for _ in range(6)]
    flood = [admission.submit(gate, soon(), "flood") for gate in gates]
    assert gates[0].started.wait(5)
    ran = threading.Event()
    mine = admission.submit(ran.set, soon(), "mine")
    gates[0].open.set()
    assert gates[1].started.wait(5)
    gates[1].open.set()
    mine.result(5)
    assert not gates[3].started.is_set()
    for gate in gates:
        gate.open.set()
    wait(flood, timeout=5)
    admission.close(1)
