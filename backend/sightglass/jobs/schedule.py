"""When beat sends what. The bodies are in `maintenance`."""

from __future__ import annotations

from typing import Any

from sightglass.jobs import names
from sightglass.jobs.leases import lease_seconds
from sightglass.settings import Settings


def schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Celery's beat schedule. A message that was not taken up before the next one is dropped."""
    every = {
        names.CLEANUP: settings.cleanup_interval_seconds,
        names.HEALTH_CHECK: settings.health_interval_seconds,
        names.RESCUE: max(1.0, lease_seconds(settings) / 3),
    }
    return {
        name: {
            "task": name,
            "schedule": seconds,
            "options": {"queue": names.MAINTENANCE_QUEUE, "expires": max(seconds, 5.0)},
        }
        for name, seconds in every.items()
    }
