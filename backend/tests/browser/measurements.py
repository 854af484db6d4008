"""Numbers that a test measures and nobody asserts: printed at the end of the run, and kept."""

from __future__ import annotations

LINES: list[str] = []


def report(line: str) -> None:
    LINES.append(line)
