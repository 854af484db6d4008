"""Which numbers become activity, and what was added between two looks at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightglass.observability import metrics
from sightglass.observability.activity.lead import Lead
from sightglass.observability.activity.values import increases, read_values


@pytest.mark.parametrize(
    ("endpoint", "status", "kind"),
    [
        ("/process-image", "200", "ok"),
        ("/", "307", "ok"),
        ("/process-image", "404", "client_error"),
        ("unmatched", "404", "client_error"),
        ("/process-image", "499", "client_error"),
        ("/process-image", "503", "refused"),
        ("/process-image", "429", "refused"),
        ("/process-image", "504", "server_error"),
        ("/process-image", "500", "server_error"),
    ],
)
def test_requests_by_how_they_ended(endpoint: str, status: str, kind: str) -> None:
    before = read_values(None)
    metrics.http_requests.labels("GET", endpoint, status).inc(2)
    assert increases(before, read_values(None)) == {f"requests|{kind}": 2}


@pytest.mark.parametrize("endpoint", ["/health", "/health/ready", "/metrics", "/tasks/events"])
def test_probes_and_endless_answers_are_no_requests(endpoint: str) -> None:
    before = read_values(None)
    metrics.http_requests.labels("GET", endpoint, "200").inc()
    assert increases(before, read_values(None)) == {}


def test_models_of_one_process_add_up() -> None:
    before = read_values(None)
    for version in ("1", "2"):
        metrics.detections.labels("street", version, "bus").inc(3)
    assert increases(before, read_values(None)) == {"classes|bus": 6}


def test_what_shrank_began_anew() -> None:
    assert increases({"a": 5, "b": 5, "c": 5}, {"a": 7, "b": 3}) == {"a": 2, "b": 3}


def test_file_cut_off_by_a_crash_is_no_baseline(tmp_path: Path) -> None:
    first = Lead(tmp_path)
    assert first.take()
    first.keep_baseline({"requests|ok": 12.0})
    first.release()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    second = Lead(tmp_path)
    assert second.take()
    assert second.find_baseline() is None
    second.keep_baseline({"requests|ok": 13.0})
    assert second.find_baseline() == {"requests|ok": 13.0}
    second.release()


def test_one_leads_until_it_lets_go(tmp_path: Path) -> None:
    one, other = Lead(tmp_path), Lead(tmp_path)
    assert (one.take(), other.take(), one.take()) == (True, False, True)
    one.release()
    assert other.take()
    other.release()
