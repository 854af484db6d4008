"""What a flood of requests is summed up to."""

from __future__ import annotations

import pytest

from sightglass.benchmark.load import LoadResult, Sample
from sightglass.benchmark.overload import summarise


def _flood(*samples: Sample) -> LoadResult:
    return LoadResult(seconds=2.0, samples=list(samples))


def test_goodput_counts_answers_inside_their_deadline() -> None:
    flood = _flood(
        Sample(0.5, 0.4, 200),
        Sample(1.0, 0.6, 200),
        Sample(1.5, 1.4, 200),  # answered too late
        Sample(2.5, 0.4, 200),  # after the measured time
    )
    figures = summarise(flood, peak=1.25, deadline=1.0)
    assert figures["goodput"] == pytest.approx(1.0)
    assert figures["goodput_of_peak"] == pytest.approx(0.8)
    assert figures["accepted_inside_deadline"] == pytest.approx(0.75)


def test_a_request_given_up_at_its_deadline_was_accepted() -> None:
    figures = summarise(_flood(Sample(0.5, 0.4, 200), Sample(1.0, 1.0, 504)), 1.0, 1.0)
    assert figures["accepted"] == 2
    assert figures["accepted_inside_deadline"] == pytest.approx(0.5)


def test_refusals_and_their_hints() -> None:
    figures = summarise(
        _flood(
            Sample(0.2, 0.004, 503, retry_after=1.0),
            Sample(0.4, 0.006, 503, retry_after=3.0),
            Sample(0.6, 0.008, 503),
        ),
        1.0,
        1.0,
    )
    assert figures["refused"] == 3
    assert figures["refusal_seconds"]["p50"] == pytest.approx(0.006)
    assert figures["retry_after_seen"] == 2
    assert figures["retry_after_seconds"] == [1.0, 3.0]
    assert figures["accepted_inside_deadline"] is None


def test_server_errors_and_broken_connections_are_named() -> None:
    figures = summarise(
        _flood(Sample(0.2, 0.1, 500), Sample(0.3, 0.1, 0), Sample(0.4, 0.1, 0)), 1.0, 1.0
    )
    assert figures["other_statuses"] == {"500": 1, "0": 2}
    assert figures["goodput"] == 0
