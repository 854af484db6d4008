"""`doctor`: checks what this machine needs, and says what to do about what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import typer

from sightglass.cli.environment import prepare_metrics, settings_from
from sightglass.errors import SightglassError
from sightglass.settings import Settings

_LEAST_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `good` None: worth knowing, not wrong. `advice` says what to do."""

    name: str
    good: bool | None
    found: str
    advice: str = ""


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """Check ports, disk, engine, model and services; exit status 1 when something is wrong."""
    prepare_metrics()
    findings = [_python()]
    try:
        settings = settings_from()
    except SightglassError as error:
        findings.append(Finding("settings", False, error.message, "See .env.example."))
    else:
        checks: list[Callable[[Settings], list[Finding]]] = [
            _settings,
            _disk,
            _ports,
            _model,
            _heavy,
            _access,
            _services,
        ]
        for check in checks:
            findings += check(settings)
    _show(findings)
    raise typer.Exit(1 if any(finding.good is False for finding in findings) else 0)


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table

    marks = {True: "[green]ok[/green]", None: "[yellow]note[/yellow]", False: "[red]wrong[/red]"}
    table = Table("", "check", "found", "what to do")
    for finding in findings:
        table.add_row(marks[finding.good], finding.name, finding.found, finding.advice)
    Console().print(table)


def _python() -> Finding:
    version = sys.version.split()[0]
    return Finding("python", sys.version_info >= (3, 11), version, "")


def _settings(settings: Settings) -> list[Finding]:
    changed = ", ".join(sorted(name.upper() for name in settings.model_fields_set))
    return [Finding("settings", True, f"set: {changed}" if changed else "all defaults")]


def _disk(settings: Settings) -> list[Finding]:
    findings = []
    for name, folder in {
        "state folder": settings.state_dir,
        "blobs": settings.resolved_blob_dir,
        "spool": settings.resolved_spool_dir,
    }.items():
        place = folder.absolute()
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        text = f"{folder.absolute()}: {free / (1 << 30):.1f} GiB free"
        advice = "" if free >= _LEAST_FREE_BYTES else "Free some space, or move STATE_DIR."
        findings.append(Finding(name, free >= _LEAST_FREE_BYTES, text, advice))
        if not os.access(place, os.W_OK):
            findings.append(Finding(name, False, "not writable", f"chown or chmod {place}"))
    return findings


def _ports(settings: Settings) -> list[Finding]:
    from sightglass.supervision import find_running

    running = find_running(settings.state_dir)
    if running is not None:
        return [Finding("platform", True, f"running at {running['api']}")]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            found = f"{settings.host}:{settings.port} is taken"
            return [Finding("port", None, found, "`up` takes another one; or set PORT.")]
    return [Finding("port", True, f"{settings.host}:{settings.port} is free")]


def _model(settings: Settings) -> list[Finding]:
    from sightglass import bootstrap

    try:
        detector = bootstrap.build_detector(settings)
    except SightglassError as error:
        return [Finding("model", False, error.message, "Set MODEL_PATH to a usable model.")]
    info = detector.info()
    detector.close()
    engine = f"{info.engine} {info.engine_version} on {info.device}, {info.precision}"
    model = f"{info.name} {info.version}: {info.task.value}, {len(info.classes)} classes"
    return [Finding("engine", True, engine), Finding("model", True, model)]


def _heavy(_: Settings) -> list[Finding]:
    from importlib.util import find_spec

    if find_spec("torch") and find_spec("ultralytics"):
        return [Finding("training", True, "torch and ultralytics are installed")]
    advice = "For training and .pt models: pip install -r requirements_heavy.txt"
    return [Finding("training", None, "torch or ultralytics is not installed", advice)]


def _access(settings: Settings) -> list[Finding]:
    """Whether somebody may use it, and not everybody."""
    if not settings.asks_for_keys:
        if not settings.in_production:
            return [Finding("api keys", True, "not asked for (REQUIRE_API_KEYS)")]
        advice = "Unset REQUIRE_API_KEYS unless something in front knows who is asking."
        return [Finding("api keys", None, "whoever reaches the API may use it", advice)]
    from sightglass.access.keys import Keys
    from sightglass.storage import database

    make = "sightglass keys create NAME --scope read --scope detect"
    engine = database.create_engine(settings.resolved_database_url)
    try:
        found = Keys(engine).list_keys()
    except SightglassError as error:
        advice = f"If nothing has started yet: {make}. Else look at DATABASE_URL."
        return [Finding("api keys", False, error.message, advice)]
    finally:
        engine.dispose()
    usable = sum(key.is_usable(time.time()) for key in found)
    if not usable:
        return [Finding("api keys", False, "there is none, so nobody may use the API", make)]
    return [Finding("api keys", True, f"{usable} usable, {len(found) - usable} ended")]


def _services(settings: Settings) -> list[Finding]:
    from sightglass.jobs.health import check_all
    from sightglass.supervision import find_running

    running = find_running(settings.state_dir)
    if running is None:
        return [Finding("services", None, "not started", "make run, or: sightglass up")]
    here = settings.model_copy(
        update={"redis_url": running["redis"], "mlflow_tracking_uri": running["mlflow"]}
    )
    findings = []
    for name, health in check_all(here).items():
        good = health.status == "up"
        advice = "" if good else f"Look into {settings.state_dir / 'logs' / name}.log"
        findings.append(Finding(name, good, health.detail or health.status, advice))
    return findings
