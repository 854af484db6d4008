"""What a run found: rows, targets, the machine, every round; as table, Markdown and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure for the table."""

    what: str
    value: float | None
    unit: str
    note: str = ""

    def text(self) -> str:
        return "-" if self.value is None else f"{_number(self.value)} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that ought to reach a limit. `value` None: it could not be measured."""

    name: str
    value: float | None
    limit: float
    at_least: bool
    unit: str = ""

    @property
    def reached(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "reached" if self.reached else "missed"

    def value_text(self) -> str:
        """With as many digits as it takes to see on which side of the limit it is."""
        if self.value is None:
            return "-"
        text = _number(self.value)
        for digits in range(3, 17):
            if Target(self.name, float(text), self.limit, self.at_least).reached == self.reached:
                break
            text = f"{self.value:.{digits}g}"
        return f"{text} {self.unit}".strip()

    def limit_text(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.limit:g} {self.unit}".strip()


def at_least(name: str, value: float | None, limit: float, unit: str = "") -> Target:
    return Target(name, value, limit, True, unit)


def at_most(name: str, value: float | None, limit: float, unit: str = "") -> Target:
    return Target(name, value, limit, False, unit)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the run. `raw` holds every round behind the rows."""

    title: str
    rows: list[Row]
    targets: list[Target] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One run on one machine."""

    machine: dict[str, Any]
    options: dict[str, Any]
    sections: list[Section]

    @property
    def targets(self) -> list[Target]:
        return [target for section in self.sections for target in section.targets]

    def to_json(self) -> bytes:
        """Everything, the raw rounds included."""
        document = {
            "machine": self.machine,
            "options": self.options,
            "targets": [
                asdict(target) | {"reached": target.reached, "verdict": target.verdict}
                for target in self.targets
            ],
            "sections": [asdict(section) for section in self.sections],
        }
        return orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2)

    def write_json(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.to_json() + b"\n")

    def to_markdown(self) -> str:
        """Two tables for the README: the figures and the targets."""
        lines = [self.machine_line(), "", "| what | measured | |", "| --- | ---: | --- |"]
        for section in self.sections:
            lines.append(f"| **{section.title}** | | |")
            lines += [f"| {row.what} | {row.text()} | {row.note} |" for row in section.rows]
        lines += ["", "| target | wanted | measured | |", "| --- | ---: | ---: | --- |"]
        lines += [
            f"| {target.name} | {target.limit_text()} | {target.value_text()} | "
            f"{target.verdict if target.reached else f'**{target.verdict}**'} |"
            for target in self.targets
        ]
        return "\n".join(lines) + "\n"

    def machine_line(self) -> str:
        """The machine and the model in one sentence."""
        m = self.machine
        engine_version = m["engine_version"].split("-")[0]  # without the build
        return (
            f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']:.0f} GiB, "
            f"Python {m['python']}, {m['engine']} {engine_version} in {m['precision']}, "
            f"{m['streams']} streams, model {m['model']} at {m['input_size']} px, {m['date']}."
        )

    def show(self, console: Console) -> None:
        """Print the tables."""
        console.print(self.machine_line(), highlight=False)
        for section in self.sections:
            figures = Table(title=section.title, title_justify="left", show_header=False)
            figures.add_column(min_width=38)
            figures.add_column(justify="right", min_width=14)
            figures.add_column()
            for row in section.rows:
                figures.add_row(row.what, row.text(), row.note)
            console.print(figures)
        verdicts = Table("target", title="Targets", title_justify="left")
        verdicts.add_column("wanted", justify="right")
        verdicts.add_column("measured", justify="right")
        verdicts.add_column("")
        for target in self.targets:
            colour = "green" if target.reached else "red"
            verdicts.add_row(
                target.name,
                target.limit_text(),
                target.value_text(),
                f"[{colour}]{target.verdict}[/]",
            )
        console.print(verdicts)


def _number(value: float) -> str:
    """Three significant digits or more, without an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"
