"""The load: closed loops keep a number of requests under way, open loops send at a rate.

What they find is a list of samples; rates and percentiles are taken from it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from sightglass.benchmark.client import Connection, Reply

_PATIENCE_SECONDS = 60.0  # beyond the end of a loop, for the last answers


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange. `finished_at` counts from the start of the measured time, in seconds.
    Status 0 is a broken connection.
    """

    finished_at: float
    seconds: float
    status: int
    retry_after: float | None = None


@dataclass(slots=True)
class LoadResult:
    """The exchanges of one loop. `seconds` is the measured time. `generator_cpu_seconds` is
    what this process used for all of them; `unsent` arrivals had no free connection;
    `lateness` is by how many seconds open-loop requests left after their time.
    """

    seconds: float
    samples: list[Sample] = field(default_factory=list)
    generator_cpu_seconds: float = 0.0
    unsent: int = 0
    lateness: list[float] = field(default_factory=list)

    def counted(self) -> list[Sample]:
        """What ended inside the measured time."""
        return [s for s in self.samples if 0.0 <= s.finished_at <= self.seconds]

    def rate(self) -> float:
        """Good answers per second inside the measured time."""
        return sum(1 for s in self.counted() if 200 <= s.status < 300) / self.seconds

    def failures(self) -> int:
        return sum(1 for s in self.samples if not 200 <= s.status < 300)

    def latencies(self) -> list[float]:
        """Seconds of the good answers."""
        return [s.seconds for s in self.counted() if 200 <= s.status < 300]


def percentile(values: list[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


Flow = Callable[[Connection], Awaitable[Reply]]


def sending(data: bytes) -> Flow:
    """The flow that sends one request again and again."""
    return lambda connection: connection.request(data)


async def timed(flow: Flow, connection: Connection, origin: float) -> Sample:
    """One exchange; a broken connection is a sample of status 0."""
    started = time.perf_counter()
    try:
        reply = await flow(connection)
    except OSError:
        ended = time.perf_counter()
        return Sample(ended - origin, ended - started, 0)
    ended = time.perf_counter()
    again = reply.header("retry-after") if reply.status in (429, 503) else None
    return Sample(ended - origin, ended - started, reply.status, float(again) if again else None)


async def closed_loop(
    host: str, port: int, flow: Flow, *, concurrency: int, seconds: float, lead_in: float = 0.3
) -> LoadResult:
    """`concurrency` connections, each sends its next request when its last was answered."""
    result = LoadResult(seconds)
    connections = [Connection(host, port) for _ in range(concurrency)]
    cpu = time.process_time()
    origin = time.perf_counter() + lead_in

    async def client(connection: Connection) -> None:
        while time.perf_counter() < origin + seconds:
            sample = await timed(flow, connection, origin)
            result.samples.append(sample)
            if sample.status == 0:
                await asyncio.sleep(0.05)  # a server that is away is not hammered

    try:
        async with asyncio.timeout(lead_in + seconds + _PATIENCE_SECONDS):
            await asyncio.gather(*(client(connection) for connection in connections))
    finally:
        for connection in connections:
            connection.close()
    result.generator_cpu_seconds = time.process_time() - cpu
    return result


async def open_loop(
    host: str,
    port: int,
    flow: Flow,
    *,
    rate: float,
    seconds: float,
    lead_in: float = 1.0,
    max_connections: int = 512,
    seed: int = 11,
) -> LoadResult:
    """Poisson arrivals at `rate` a second over as many connections as they need."""
    result = LoadResult(seconds)
    arrivals = random.Random(seed)  # noqa: S311 - arrival times, no secret
    idle: deque[Connection] = deque()
    every: list[Connection] = []
    under_way: set[asyncio.Task[None]] = set()
    cpu = time.process_time()
    origin = time.perf_counter() + lead_in
    due = time.perf_counter()

    async def exchange(connection: Connection) -> None:
        result.samples.append(await timed(flow, connection, origin))
        idle.append(connection)

    try:
        while due < origin + seconds:
            due += arrivals.expovariate(rate)
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            if not idle and len(every) >= max_connections:
                result.unsent += 1
                continue
            if not idle:
                every.append(Connection(host, port))
                idle.append(every[-1])
            result.lateness.append(max(0.0, time.perf_counter() - due))
            task = asyncio.create_task(exchange(idle.pop()))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(set(under_way), timeout=_PATIENCE_SECONDS)
    finally:
        for task in tuple(under_way):
            task.cancel()
        for connection in every:
            connection.close()
    result.generator_cpu_seconds = time.process_time() - cpu
    return result
