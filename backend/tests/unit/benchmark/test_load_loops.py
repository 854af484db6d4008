"""Closed and open loops, and the figures that are taken from their samples."""

from __future__ import annotations

import asyncio
import time

import pytest

from sightglass.benchmark.client import get_request, multipart_request
from sightglass.benchmark.load import (
    LoadResult,
    Sample,
    closed_loop,
    open_loop,
    percentile,
    sending,
)
from tests.unit.benchmark.street_server import StreetServer


def test_closed_loop_keeps_every_connection_busy(server: StreetServer) -> None:
    flow = sending(get_request("/slow"))
    result = asyncio.run(
        closed_loop("127.0.0.1", server.port, flow, concurrency=4, seconds=1.0, lead_in=0.1)
    )
    assert server.connections == 4
    assert result.failures() == 0
    assert 30 < result.rate() <= 4 / 0.05 + 4
    assert min(result.latencies()) >= 0.05


def test_open_loop_does_not_wait_for_answers(server: StreetServer) -> None:
    flow = sending(get_request("/slow"))
    result = asyncio.run(
        open_loop("127.0.0.1", server.port, flow, rate=150, seconds=1.0, lead_in=0.2)
    )
    assert server.connections > 4  # one connection could carry 20 a second
    assert 90 < result.rate() < 220
    assert result.unsent == 0
    assert len(result.lateness) == len(result.samples)


def test_open_loop_counts_what_no_connection_was_free_for(server: StreetServer) -> None:
    flow = sending(get_request("/slow"))
    result = asyncio.run(
        open_loop(
            "127.0.0.1", server.port, flow, rate=200, seconds=0.5, lead_in=0.0, max_connections=1
        )
    )
    assert server.connections == 1
    assert result.unsent > len(result.samples)


def test_refusals_carry_their_retry_after(server: StreetServer) -> None:
    flow = sending(multipart_request("/refuse", bytes(300_000)))
    result = asyncio.run(
        closed_loop("127.0.0.1", server.port, flow, concurrency=2, seconds=0.3, lead_in=0.0)
    )
    assert {sample.status for sample in result.samples} == {503}
    assert {sample.retry_after for sample in result.samples} == {2.0}
    assert result.rate() == 0


def test_broken_connections_are_failures_not_errors(server: StreetServer) -> None:
    flow = sending(get_request("/hang-up"))
    result = asyncio.run(
        closed_loop("127.0.0.1", server.port, flow, concurrency=2, seconds=0.2, lead_in=0.0)
    )
    assert {sample.status for sample in result.samples} == {0}
    assert result.failures() == len(result.samples)


def test_the_generators_own_cpu_time_is_measured(server: StreetServer) -> None:
    """The server of this test shares the process, so this is an upper bound."""
    flow = sending(multipart_request("/ok", bytes(250_000)))
    started = time.process_time()
    result = asyncio.run(
        closed_loop("127.0.0.1", server.port, flow, concurrency=4, seconds=0.5, lead_in=0.0)
    )
    assert 0 < result.generator_cpu_seconds <= time.process_time() - started


def test_only_what_ends_inside_the_measured_time_counts() -> None:
    samples = [
        Sample(-0.1, 0.2, 200),
        Sample(0.5, 0.2, 200),
        Sample(1.0, 0.4, 200),
        Sample(1.5, 0.1, 503),
        Sample(2.1, 0.2, 200),
    ]
    result = LoadResult(2.0, samples)
    assert result.rate() == pytest.approx(1.0)
    assert result.latencies() == [0.2, 0.4]
    assert result.failures() == 1


def test_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 95) is None
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
