"""One run of the benchmark, from the pictures to the report."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from sightglass.benchmark.engine_bench import Pipeline, measure_engine
from sightglass.benchmark.http_bench import (
    measure_concurrency,
    measure_pipeline_and_journal,
    measure_sizes,
)
from sightglass.benchmark.images import PhotoSet, make_photos
from sightglass.benchmark.machine import Interference, machine_facts
from sightglass.benchmark.overload import measure_overload
from sightglass.benchmark.plan import BenchmarkOptions, Plan, Say
from sightglass.benchmark.queue_bench import measure_queue
from sightglass.benchmark.report import Report, Row, Section
from sightglass.benchmark.startup import measure_startup
from sightglass.benchmark.system import services_of, started
from sightglass.settings import Settings


def run_benchmark(
    settings: Settings, options: BenchmarkOptions, console: Console | None = None
) -> Report:
    """Measure everything, print the tables and write the JSON file that was asked for.

    A missed target is a finding, not an error. Raises `SetupError` when it cannot measure.
    """
    console = console or Console()
    settings = settings.model_copy(
        update={"input_size": options.input_size, "model_path": settings.model_path.absolute()}
    )
    plan, interference = Plan.of(options), Interference()
    say = _progress(console)
    say("drawing the pictures")
    photos = make_photos(options.image)
    with tempfile.TemporaryDirectory(prefix="sightglass-bench-") as name:
        pipeline = Pipeline.build(settings)
        machine = machine_facts(pipeline.info())
        sections = [measure_engine(settings, photos, plan, say)]
        sections += _measure_system(settings, pipeline, photos, Path(name), plan, say)
    machine |= {
        "steal_percent": interference.steal_percent(),
        "photos": {
            photo.name: {
                "width": photo.width,
                "height": photo.height,
                "bytes": len(photo.data),
                "origin": photo.origin,
                "detections": pipeline.detections(photo.data),
            }
            for photo in photos
        },
    }
    report = Report(machine, asdict(options) | {"plan": asdict(plan)}, sections)
    report.show(console)
    if options.json_file is not None:
        report.write_json(options.json_file)
        markdown = options.json_file.with_suffix(".md")
        markdown.write_text(report.to_markdown())
        console.print(f"Written: {options.json_file} and {markdown}")
    return report


def _measure_system(
    settings: Settings, pipeline: Pipeline, photos: PhotoSet, folder: Path, plan: Plan, say: Say
) -> list[Section]:
    """Everything that needs the running platform."""
    say("starting the platform")
    with started("up", settings, folder / "platform") as platform:
        platform.wait_until_healthy()
        services = services_of(folder / "platform")
        platform.settle(plan.settle_seconds)
        best, by_connections = measure_concurrency(platform, photos, plan, say)
        sections = [by_connections]
        with started(
            "serve", settings, folder / "bare", JOURNAL_ENABLED="false", **services
        ) as bare:
            bare.wait_until_ready()
            sections.append(
                measure_pipeline_and_journal(pipeline, platform, bare, photos, best, plan, say)
            )
        sections.append(measure_queue(platform, photos, best, plan, say))
        sections.append(measure_sizes(platform, photos, best, plan, say))
        sections.append(measure_overload(platform, photos, best, plan, say))
        after = platform.resident_bytes("serve") / 1e6
        startup = measure_startup(settings, services, photos, folder, plan, say)
        startup.rows.append(Row("API process of the platform after all this", after, "MB"))
        return [*sections, startup]


def _progress(console: Console) -> Say:
    return lambda text: console.print(f"[dim]{text} ...[/]", highlight=False)
