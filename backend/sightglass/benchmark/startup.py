"""How fast `sightglass serve` is there, and how much memory it takes."""

from __future__ import annotations

from pathlib import Path

from sightglass.benchmark.client import multipart_request
from sightglass.benchmark.http_bench import ROUTE, load
from sightglass.benchmark.images import PhotoSet
from sightglass.benchmark.load import sending
from sightglass.benchmark.plan import Plan, Say, median
from sightglass.benchmark.report import Row, Section, at_most
from sightglass.benchmark.system import started
from sightglass.settings import Settings


def measure_startup(
    settings: Settings,
    services: dict[str, str],
    photos: PhotoSet,
    folder: Path,
    plan: Plan,
    say: Say,
) -> Section:
    """`serve` beside running services, from exec to ready, several times; then its memory once
    the three photos (three input shapes) have been through it.
    """
    times, resident, fresh = [], 0, 0
    for index in range(plan.starts):
        say(f"start-up {index + 1} of {plan.starts}")
        with started("serve", settings, folder / "startup", **services) as server:
            times.append(server.wait_until_ready())
            if index + 1 < plan.starts:
                continue
            fresh = server.resident_bytes()
            for photo in photos:
                load(server, sending(multipart_request(ROUTE, photo.data)), 4, 1.0)
            resident = server.resident_bytes()
    return Section(
        "Start-up and memory",
        [
            Row("`sightglass serve`, exec to ready", median(times), "s", f"median of {len(times)}"),
            Row("API process when ready", fresh / 1e6, "MB"),
            Row("API process, three input shapes in use", resident / 1e6, "MB"),
        ],
        [
            at_most("exec to ready", median(times), 3.0, "s"),
            at_most("API process, three input shapes in use", resident / 1e6, 500.0, "MB"),
        ],
        {"ready_seconds": times, "resident_bytes": resident, "resident_bytes_when_ready": fresh},
    )
