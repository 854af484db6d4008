"""Admission: the bounded queue between requests and the engine.

Work is refused at once when it could not be done in time, given up when its deadline passes while
it waits, and dropped when its client goes away; so at overload the engine only does useful work.
Work has an owner, a name that means nothing here: owners that wait are served turn by turn, and
in a full queue the one with the most gives up its newest place to one with fewer.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from sightglass.engine.fair_queue import FairQueue
from sightglass.errors import (
    DeadlineExceededError,
    OverloadedError,
    ShuttingDownError,
    SightglassError,
)
from sightglass.observability import metrics

_SMOOTHING = 0.1  # weight of the newest service time: follows a change within about 20 requests
# The estimate is an average: without headroom half of those that just fit would come too late.
_HEADROOM = 1.3
_FIRST_GUESS_SECONDS = 0.05  # service time before anything was measured
_REASONS = ("queue_full", "too_late", "unfair_share", "deadline", "cancelled", "shutting_down")


T = TypeVar("T")


class Admission:
    """`workers` threads that take work from a queue of at most `queue_limit` waiting items.

    Deadlines are moments of `time.monotonic()`. All methods are thread-safe.
    """

    def __init__(self, workers: int, queue_limit: int) -> None:
        if workers < 1 or queue_limit < 0:
            raise ValueError("Admission needs at least one worker and no negative queue limit")
        self.workers = workers
        self.queue_limit = queue_limit
        self._queue: FairQueue[_Ticket[Any]] = FairQueue()
        self._changed = threading.Condition()
        self._in_flight = 0
        self._service_seconds = _FIRST_GUESS_SECONDS
        self._measured = False
        self._closing = False  # takes no new work
        self._stopped = False  # workers leave
        for reason in _REASONS:
            # From zero on: Prometheus sees no increase in a counter that it first meets at fifty.
            metrics.requests_refused.labels(reason)
        self._threads = [
            threading.Thread(target=self._serve, name=f"engine-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def depth(self) -> int:
        """Items waiting."""
        return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Items being worked on."""
        return self._in_flight

    @property
    def service_seconds(self) -> float:
        """The smoothed time that one item takes a worker."""
        return self._service_seconds

    def retry_after_seconds(self, owner: str = "") -> float:
        """When new work of this owner would start: a good time to come back."""
        with self._changed:
            return self._estimated_wait(owner)

    def check(self, deadline: float, owner: str = "") -> None:
        """Raise `OverloadedError` or `ShuttingDownError` when `submit` would refuse now.

        Cheap: meant to be asked before the body of a request is received.
        """
        given_up: list[_GivenUp] = []
        try:
            with self._changed:
                self._admit(deadline, owner, given_up)
        finally:
            _give_up(given_up)

    def submit(self, work: Callable[[], T], deadline: float, owner: str = "") -> Future[T]:
        """Queue `work` to be started before `deadline`; the future holds what it returns or raises.

        Raises `OverloadedError` when the queue is full or the wait would outlast the deadline,
        `ShuttingDownError` after `close`. The future raises `DeadlineExceededError` when the work
        was not started in time, and `OverloadedError` when its place went to an owner with fewer.
        Cancelling a queued future frees its place at once.
        """
        ticket = _Ticket(self, work, deadline, owner)
        given_up: list[_GivenUp] = []
        try:
            with self._changed:
                self._admit(deadline, owner, given_up)
                if self._full:
                    given_up.append(self._displace())
                self._queue.push(owner, ticket)
                self._changed.notify()
                self._publish()
        finally:
            _give_up(given_up)
        return ticket

    def close(self, grace_seconds: float) -> None:
        """Take no more work, finish what there is within `grace_seconds`, fail the rest.

        What is still queued then gets `ShuttingDownError`; what is in the engine is left to end
        on its own.
        """
        end = time.monotonic() + grace_seconds
        with self._changed:
            self._closing = True
            while self._queue and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            abandoned = self._queue.clear()
            self._stopped = True
            self._changed.notify_all()
            self._publish()
        for ticket in abandoned:
            ticket.fail(ShuttingDownError(), "shutting_down")
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _admit(self, deadline: float, owner: str, given_up: list[_GivenUp]) -> None:
        """Raise unless there is a place that is reached in time. Needs the lock."""
        if self._closing:
            metrics.requests_refused.labels("shutting_down").inc()
            raise ShuttingDownError
        now = time.monotonic()
        if self._full:
            self._take_expired(now, given_up)
        if len(self._queue) + self._in_flight < self.workers:
            return  # an idle worker always gets work: it is what corrects a wrong estimate
        wait = self._estimated_wait(owner)
        if self._full and not self._queue.can_displace(owner):
            metrics.requests_refused.labels("queue_full").inc()
            raise OverloadedError(retry_after_seconds=wait)
        if now + _HEADROOM * wait + self._service_seconds > deadline:
            metrics.requests_refused.labels("too_late").inc()
            raise OverloadedError(retry_after_seconds=wait)

    @property
    def _full(self) -> bool:
        return len(self._queue) + self._in_flight >= self.workers + self.queue_limit

    def _take_expired(self, now: float, given_up: list[_GivenUp]) -> None:
        """Move what nobody can use any more out of the queue. Needs the lock."""
        expired = self._queue.take(lambda ticket: ticket.deadline <= now)
        if expired:
            given_up.extend((ticket, DeadlineExceededError(), "deadline") for ticket in expired)
            self._publish()

    def _displace(self) -> _GivenUp:
        """Free the newest place of the owner with the most. Needs the lock."""
        ticket = self._queue.displace()
        wait = self._estimated_wait(ticket.owner)
        return ticket, OverloadedError(retry_after_seconds=wait), "unfair_share"

    def _estimated_wait(self, owner: str) -> float:
        """Seconds until new work of this owner would start. Needs the lock."""
        ahead = self._queue.ahead_of(owner) + self._in_flight - self.workers + 1
        return max(0, ahead) * self._service_seconds / self.workers

    def _serve(self) -> None:
        while (ticket := self._next()) is not None:
            started = time.monotonic()
            if started >= ticket.deadline:
                ticket.fail(DeadlineExceededError(), "deadline")
                self._finished(None)
            elif ticket.run():
                self._finished(time.monotonic() - started)
            else:
                self._finished(None)
            del ticket  # do not hold the result while waiting for more work

    def _next(self) -> _Ticket[Any] | None:
        """The next item, or None when the workers are to leave."""
        with self._changed:
            while not self._queue:
                if self._stopped:
                    return None
                self._changed.wait()
            ticket = self._queue.pop()
            self._in_flight += 1
            self._publish()
            if self._closing and not self._queue:
                self._changed.notify_all()  # `close` waits for the queue to empty
            return ticket

    def _finished(self, seconds: float | None) -> None:
        with self._changed:
            self._in_flight -= 1
            if seconds is not None:
                weight = _SMOOTHING if self._measured else 1.0
                self._measured = True
                self._service_seconds += weight * (seconds - self._service_seconds)
            self._publish()

    def _withdraw(self, ticket: _Ticket[Any]) -> None:
        """Free the place of a cancelled ticket that still waits."""
        with self._changed:
            if not self._queue.remove(ticket.owner, ticket):
                return  # already taken by a worker, which will find it cancelled
            self._publish()
            if self._closing and not self._queue:
                self._changed.notify_all()
        metrics.requests_refused.labels("cancelled").inc()

    def _publish(self) -> None:
        metrics.queue_depth.set(len(self._queue))
        metrics.inference_in_flight.set(self._in_flight)


class _Ticket(Future[T], Generic[T]):
    """One item of work and its outcome."""

    def __init__(
        self, admission: Admission, work: Callable[[], T], deadline: float, owner: str
    ) -> None:
        super().__init__()
        self.deadline = deadline
        self.owner = owner
        self._admission = admission
        self._work: Callable[[], T] | None = work
        # What the caller bound (its request id in logs) stays bound in the worker's thread.
        self._context = contextvars.copy_context()

    def cancel(self) -> bool:
        """Cancel unless it runs or has ended; a waiting item leaves the queue at once."""
        if not super().cancel():
            return False
        self._admission._withdraw(self)
        return True

    def run(self) -> bool:
        """Do the work unless it was cancelled; whether it was done."""
        work, self._work = self._work, None
        if not self.set_running_or_notify_cancel() or work is None:
            return False
        try:
            result = self._context.run(work)
        except BaseException as error:  # the future carries it to whoever waits
            self.set_exception(error)
        else:
            self.set_result(result)
        return True

    def fail(self, error: Exception, reason: str) -> None:
        """End without having started."""
        self._work = None
        if self.set_running_or_notify_cancel():
            metrics.requests_refused.labels(reason).inc()
            self.set_exception(error)


_GivenUp = tuple[_Ticket[Any], SightglassError, str]  # what left the queue, and why


def _give_up(tickets: list[_GivenUp]) -> None:
    # Outside the lock: callbacks of a future may call back into the admission.
    for ticket, error, reason in tickets:
        ticket.fail(error, reason)
