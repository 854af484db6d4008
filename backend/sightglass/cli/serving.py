"""`up`, `serve`, `worker`, `beat` and `drain`: the processes of the platform.

Imports are inside the commands, so that each process loads only what it runs.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from sightglass.cli.environment import prepare_metrics, settings_from

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


def up(
    host: Host = None, port: Port = None, state_dir: StateDir = None, model: Model = None
) -> None:
    """Start everything on this machine: Redis, MLflow, API, worker, beat and drain."""
    settings = settings_from(host=host, port=port, state_dir=state_dir, model_path=model)
    from sightglass.supervision import run_up

    raise typer.Exit(run_up(settings, explicit_port="port" in settings.model_fields_set))


def serve(
    host: Host = None, port: Port = None, state_dir: StateDir = None, model: Model = None
) -> None:
    """Start the HTTP API alone. It serves without Redis or MLflow, and says so in /health."""
    settings = settings_from(host=host, port=port, state_dir=state_dir, model_path=model)
    prepare_metrics()
    from sightglass.api.serve import run_server

    run_server(settings)


def worker(state_dir: StateDir = None, model: Model = None) -> None:
    """Start a Celery worker that runs queued images."""
    settings = settings_from(state_dir=state_dir, model_path=model)
    prepare_metrics()
    from sightglass import bootstrap

    raise typer.Exit(bootstrap.run_worker(settings))


def beat(state_dir: StateDir = None) -> None:
    """Start the schedule of cleanups and health checks. Run exactly one."""
    settings = settings_from(state_dir=state_dir)
    prepare_metrics()
    from sightglass import bootstrap

    bootstrap.run_beat(settings)


def drain(state_dir: StateDir = None) -> None:
    """Start the drain: it moves recorded predictions into the history and MLflow."""
    settings = settings_from(state_dir=state_dir)
    prepare_metrics()
    from sightglass import bootstrap

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    bootstrap.run_drain(settings, stop)
