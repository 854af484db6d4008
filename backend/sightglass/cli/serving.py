"""`up`, `serve`, `worker`, `beat`, `drain` and `flower`: the processes of the platform.

Imports are inside the commands, so that each process loads only what it runs.
"""

from __future__ import annotations

import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sightglass.cli.environment import prepare_metrics, settings_from
from sightglass.settings import Settings

StateDir = Annotated[Path | None, typer.Option(help="Where everything is kept (STATE_DIR).")]
Model = Annotated[
    Path | None, typer.Option("--model", help="A bundle folder, .onnx or .pt (MODEL_PATH).")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on (HOST).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (PORT); 0 picks a free one.")]


def add_to(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(serve)
    app.command()(worker)
    app.command()(beat)
    app.command()(drain)
    app.command()(flower)


class Extra(StrEnum):
    MONITORING = "monitoring"


def _settings_to_start(**options: Any) -> Settings:
    """For a process that works on what the platform keeps. Raises `SetupError`."""
    from sightglass.backup.unfinished import refuse_to_start

    settings = settings_from(**options)
    refuse_to_start(settings.state_dir)
    return settings


def up(
    host: Host = None,
    port: Port = None,
    state_dir: StateDir = None,
    model: Model = None,
    extras: Annotated[
        list[Extra] | None,
        typer.Option("--with", help="monitoring: Prometheus too, when it is installed."),
    ] = None,
) -> None:
    """Start everything on this machine: Redis, MLflow, API, worker, beat and drain."""
    settings = _settings_to_start(host=host, port=port, state_dir=state_dir, model_path=model)
    from sightglass.supervision import run_up

    explicit_port = "port" in settings.model_fields_set
    with_monitoring = Extra.MONITORING in (extras or [])
    raise typer.Exit(run_up(settings, explicit_port=explicit_port, monitoring=with_monitoring))


def serve(
    host: Host = None,
    port: Port = None,
    state_dir: StateDir = None,
    model: Model = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when the code changes; not in production.")
    ] = False,
) -> None:
    """Start the HTTP API alone. It serves without Redis or MLflow, and says so in /health."""
    settings = _settings_to_start(host=host, port=port, state_dir=state_dir, model_path=model)
    prepare_metrics()
    from sightglass.api.serve import run_server

    run_server(settings, reload=reload)


def worker(state_dir: StateDir = None, model: Model = None) -> None:
    """Start a Celery worker that runs queued images."""
    settings = _settings_to_start(state_dir=state_dir, model_path=model)
    prepare_metrics()
    from sightglass import bootstrap

    raise typer.Exit(bootstrap.run_worker(settings))


def beat(state_dir: StateDir = None) -> None:
    """Start the schedule of cleanups and health checks. Run exactly one."""
    settings = _settings_to_start(state_dir=state_dir)
    prepare_metrics()
    from sightglass import bootstrap

    bootstrap.run_beat(settings)


def drain(state_dir: StateDir = None) -> None:
    """Start the drain: it moves recorded predictions into the history and MLflow."""
    settings = _settings_to_start(state_dir=state_dir)
    prepare_metrics()
    from sightglass import bootstrap

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    bootstrap.run_drain(settings, stop)


def flower(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 5555,
    url_prefix: Annotated[
        str, typer.Option(help="The path that a proxy in front serves it under, as /flower.")
    ] = "",
) -> None:
    """Start Flower: pages and metrics of workers and tasks (CELERY_TASK_EVENTS), to look at only.

    It asks for no login: let only nginx, which does, reach it.
    """
    settings = settings_from()
    from sightglass.observability.logging import configure_logging
    from sightglass.observability.sentry import init_sentry

    configure_logging(settings.log_level, settings.log_format, component="flower")
    init_sentry(settings, "flower")
    from sightglass.jobs.flower_server import run_flower

    run_flower(settings, host, port, url_prefix)
