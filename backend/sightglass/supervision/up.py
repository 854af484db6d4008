"""`sightglass up` from its settings to its end."""

from __future__ import annotations

import shlex
import shutil

from sightglass.settings import Settings
from sightglass.supervision.monitoring import find_prometheus, prometheus, write_configuration
from sightglass.supervision.output import Terminal
from sightglass.supervision.specs import (
    Endpoints,
    ProcessSpec,
    choose_endpoints,
    metrics_dir,
    specs,
)
from sightglass.supervision.state import only_one, write_endpoints
from sightglass.supervision.supervisor import Supervisor

_NO_PROMETHEUS = (
    "no prometheus is found, so nothing is scraped: install it (Debian, Ubuntu: apt-get install "
    "prometheus; macOS: brew install prometheus) and start again"
)


def run_up(settings: Settings, *, explicit_port: bool = False, monitoring: bool = False) -> int:
    """Run everything until a signal; returns the exit status. `monitoring`: and Prometheus, where
    it is installed.

    Raises `SetupError` when another `up` has the state folder, an explicit port is taken, or
    something that is needed does not start.
    """
    with only_one(settings.state_dir):
        _prepare(settings)
        program = find_prometheus() if monitoring else None
        endpoints = choose_endpoints(
            settings, explicit_port=explicit_port, monitoring=program is not None
        )
        terminal = Terminal()
        supervisor = Supervisor(
            [*specs(settings, endpoints), *_monitoring(settings, endpoints, program)],
            log_dir=settings.state_dir / "logs",
            metrics_dir=metrics_dir(settings),
            terminal=terminal,
            json_logs=settings.log_format == "json",
        )
        if endpoints.port != settings.port and settings.port:
            supervisor.say(f"port {settings.port} is taken: the API takes {endpoints.port}")
        if monitoring and program is None:
            supervisor.say(_NO_PROMETHEUS)
        try:
            supervisor.run(lambda: _announce(settings, endpoints, supervisor))
            supervisor.say("stopped")
        finally:
            terminal.close()
    return 0


def _monitoring(settings: Settings, endpoints: Endpoints, program: str | None) -> list[ProcessSpec]:
    url = endpoints.prometheus_url
    if program is None or url is None:
        return []
    place = write_configuration(settings, api_url=endpoints.api_url, prometheus_url=url)
    return [prometheus(settings, program, place, url)]


def _prepare(settings: Settings) -> None:
    """Make the folders, and forget the metrics of processes that are no more."""
    shutil.rmtree(metrics_dir(settings), ignore_errors=True)
    for folder in (
        metrics_dir(settings),
        settings.state_dir / "redis",
        settings.state_dir / "mlflow",
    ):
        folder.mkdir(parents=True, exist_ok=True)


def _how_to_try(settings: Settings, url: str) -> list[str]:
    if not settings.asks_for_keys:
        return [f"  try      curl -F file=@photo.jpg {url}/process-image"]
    place = shlex.quote(str(settings.state_dir.absolute()))
    return [
        f"  a key    STATE_DIR={place} sightglass keys create NAME --scope read --scope detect",
        f'  try      curl -H "X-API-Key: $KEY" -F file=@photo.jpg {url}/process-image',
    ]


def _announce(settings: Settings, endpoints: Endpoints, supervisor: Supervisor) -> None:
    write_endpoints(
        settings.state_dir,
        api=endpoints.api_url,
        mlflow=endpoints.mlflow_url,
        redis=endpoints.redis_url,
        prometheus=endpoints.prometheus_url,
    )
    url = endpoints.api_url
    pages = [f"  UI       {url}/ui/"] if settings.resolved_ui_dir else []
    watched = [f"  metrics  {endpoints.prometheus_url}"] if endpoints.prometheus_url else []
    for line in (
        "Sightglass is ready.",
        *pages,
        f"  API      {url}        (docs: {url}/docs, metrics: {url}/metrics)",
        f"  MLflow   {endpoints.mlflow_url}        (takes a few seconds more)",
        *watched,
        *_how_to_try(settings, url),
        "  Ctrl-C stops everything; all data stays in " + str(settings.state_dir.absolute()),
    ):
        supervisor.say(line)
