"""Prometheus for `up --with monitoring`: found, not installed, and told where this run's API is.

The rules are those of production (`monitoring/prometheus/rules`): alerts mean the same on a
laptop.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from sightglass.settings import Settings
from sightglass.supervision.specs import Probe, ProcessSpec

# Beside the source, as the web UI; an installed wheel has none.
RULES = Path(__file__).parents[3] / "monitoring" / "prometheus" / "rules"
_KEPT_TIME = "30d"
_KEPT_SIZE = "1GB"


def find_prometheus() -> str | None:
    """The program, when it is installed."""
    return shutil.which("prometheus")


def write_configuration(settings: Settings, *, api_url: str, prometheus_url: str) -> Path:
    """The file for this run, in the state folder. JSON is YAML too."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "prometheus.yml"
    place.touch(mode=0o600)  # METRICS_TOKEN may be in it
    fields = _configuration(settings, urlsplit(api_url).netloc, urlsplit(prometheus_url).netloc)
    place.write_bytes(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
    return place


def prometheus(settings: Settings, program: str, configuration: Path, url: str) -> ProcessSpec:
    """Not essential: serving does not wait for it, nor end with it."""
    port = urlsplit(url).port or 0
    return ProcessSpec(
        name="prometheus",
        command=(
            program,
            f"--config.file={configuration}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--storage.tsdb.path={_folder(settings) / 'data'}",
            f"--storage.tsdb.retention.time={_KEPT_TIME}",
            f"--storage.tsdb.retention.size={_KEPT_SIZE}",
            "--log.level=warn",
        ),
        stage=2,
        nice=10,
        probe=Probe("127.0.0.1", port, "/-/ready", within_seconds=120),
        grace_seconds=10,
    )


def _folder(settings: Settings) -> Path:
    return settings.state_dir.absolute() / "prometheus"


def _configuration(settings: Settings, api: str, itself: str) -> dict[str, Any]:
    job: dict[str, Any] = {"job_name": "api", "static_configs": [{"targets": [api]}]}
    if settings.metrics_token:
        job["authorization"] = {"credentials": settings.metrics_token.get_secret_value()}
    return {
        "global": {
            "scrape_interval": "5s",  # one machine, and somebody who looks at it
            "evaluation_interval": "15s",
            "external_labels": {"runbooks": str(RULES.parents[2] / "docs" / "runbooks")},
        },
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": [
            job,
            {"job_name": "prometheus", "static_configs": [{"targets": [itself]}]},
        ],
    }
