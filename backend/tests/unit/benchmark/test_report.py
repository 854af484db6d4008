"""Targets, tables and JSON of the benchmark's report."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from sightglass.benchmark.report import Report, Row, Section, Target, at_least, at_most

MACHINE = {
    "cpu": "A processor",
    "cores": 2,
    "memory_gib": 24.0,
    "python": "3.11.2",
    "engine": "openvino",
    "engine_version": "2026.4.1-22982-e213a14",
    "precision": "bf16",
    "streams": 2,
    "model": "street 1",
    "input_size": 640,
    "date": "2026-01-02",
}


@pytest.fixture
def report() -> Report:
    sections = [
        Section(
            "Engine",
            [Row("square", 91.26, "images/s", "input 640x640"), Row("wide", None, "images/s")],
            [at_least("rectangular / square", 1.593, 1.4), at_most("cost", 3.4, 3.0, "%")],
            {"rounds": {"square": [91.0, 91.52]}},
        ),
        Section("Overload", [], [at_most("refusals", None, 20.0, "ms")]),
    ]
    return Report(MACHINE, {"seconds": 4.0, "image": Path("street.jpg")}, sections)


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (at_least("a", 0.9, 0.9), "reached"),
        (at_least("a", 0.8999, 0.9), "missed"),
        (at_most("a", 3.0, 3.0), "reached"),
        (at_most("a", 3.01, 3.0), "missed"),
        (at_most("a", -1.0, 3.0), "reached"),
        (at_least("a", None, 0.9), "not measured"),
        (at_most("a", None, 3.0), "not measured"),
    ],
)
def test_verdict_of_a_target(target: Target, verdict: str) -> None:
    assert target.verdict == verdict
    assert target.reached == (verdict == "reached")


def test_a_missed_figure_never_reads_like_a_reached_one() -> None:
    """Rounding for the table keeps what decided."""
    target = at_least("goodput", 0.8999, 0.9)
    assert target.value_text() == "0.8999"
    assert at_most("cost", 3.004, 3.0, "%").value_text() == "3.004 %"


def test_json_holds_raw_rounds_and_verdicts(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "results" / "bench.json"
    report.write_json(path)
    document = orjson.loads(path.read_bytes())
    assert document["machine"]["cpu"] == "A processor"
    assert document["options"]["image"] == "street.jpg"
    assert document["sections"][0]["raw"]["rounds"]["square"] == [91.0, 91.52]
    assert [t["verdict"] for t in document["targets"]] == ["reached", "missed", "not measured"]


def test_markdown_is_two_tables(report: Report) -> None:
    lines = report.to_markdown().splitlines()
    assert lines[0].startswith("A processor, 2 cores, 24 GiB, Python 3.11.2, openvino 2026.4.1")
    assert "| square | 91.3 images/s | input 640x640 |" in lines
    assert "| wide | - |  |" in lines
    assert "| rectangular / square | ≥ 1.4 | 1.59 | reached |" in lines
    assert "| cost | ≤ 3 % | 3.40 % | **missed** |" in lines
    assert "| refusals | ≤ 20 ms | - | **not measured** |" in lines


def test_terminal_shows_every_row_and_target(report: Report) -> None:
    written = io.StringIO()
    report.show(Console(file=written, width=160))
    text = written.getvalue()
    for expected in ("91.3 images/s", "input 640x640", "rectangular / square", "missed"):
        assert expected in text
