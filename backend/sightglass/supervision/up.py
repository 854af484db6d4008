"""`sightglass up` from its settings to its end."""

from __future__ import annotations

import shutil

from sightglass.settings import Settings
from sightglass.supervision.output import Terminal
from sightglass.supervision.specs import Endpoints, choose_endpoints, metrics_dir, specs
from sightglass.supervision.state import only_one, write_endpoints
from sightglass.supervision.supervisor import Supervisor


def run_up(settings: Settings, *, explicit_port: bool = False) -> int:
    """Run everything until a signal; returns the exit status.

    Raises `SetupError` when another `up` has the state folder, an explicit port is taken, or
    something that is needed does not start.
    """
    with only_one(settings.state_dir):
        _prepare(settings)
        endpoints = choose_endpoints(settings, explicit_port=explicit_port)
        terminal = Terminal()
        supervisor = Supervisor(
            specs(settings, endpoints),
            log_dir=settings.state_dir / "logs",
            metrics_dir=metrics_dir(settings),
            terminal=terminal,
        )
        if endpoints.port != settings.port and settings.port:
            supervisor.say(f"port {settings.port} is taken: the API takes {endpoints.port}")
        try:
            supervisor.run(lambda: _announce(settings, endpoints, supervisor))
            supervisor.say("stopped")
        finally:
            terminal.close()
    return 0


def _prepare(settings: Settings) -> None:
    """Make the folders, and forget the metrics of processes that are no more."""
    shutil.rmtree(metrics_dir(settings), ignore_errors=True)
    for folder in (
        metrics_dir(settings),
        settings.state_dir / "redis",
        settings.state_dir / "mlflow",
    ):
        folder.mkdir(parents=True, exist_ok=True)


def _announce(settings: Settings, endpoints: Endpoints, supervisor: Supervisor) -> None:
    write_endpoints(
        settings.state_dir,
        api=endpoints.api_url,
        mlflow=endpoints.mlflow_url,
        redis=endpoints.redis_url,
    )
    url = endpoints.api_url
    pages = [f"  UI       {url}/ui/"] if settings.resolved_ui_dir else []
    for line in (
        "Sightglass is ready.",
        *pages,
        f"  API      {url}        (docs: {url}/docs, metrics: {url}/metrics)",
        f"  MLflow   {endpoints.mlflow_url}        (takes a few seconds more)",
        f"  try      curl -F file=@photo.jpg {url}/process-image",
        "  Ctrl-C stops everything; all data stays in " + str(settings.state_dir.absolute()),
    ):
        supervisor.say(line)
