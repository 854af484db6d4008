"""`bench`: measure this machine with this model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sightglass.cli.environment import prepare_metrics, settings_from


def add_to(app: typer.Typer) -> None:
    app.command()(bench)


def bench(
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of one round.")] = 4.0,
    input_size: Annotated[
        int, typer.Option(help="Longest side of the model's input; 0: as the model says.")
    ] = 640,
    image: Annotated[Path | None, typer.Option(help="Your own photo for the runs.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="A minute instead of eight; rougher.")] = False,
) -> None:
    """Measure engine, pipeline, HTTP, queue, journal and overload in one run."""
    settings = settings_from()
    prepare_metrics()
    from sightglass.benchmark import BenchmarkOptions, run_benchmark

    options = BenchmarkOptions(
        seconds=seconds, input_size=input_size, image=image, json_file=json_file, quick=quick
    )
    run_benchmark(settings, options)
