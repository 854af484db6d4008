"""The state of everything, asked at most once a second however often it is probed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from sightglass import __version__
from sightglass.api.schemas.platform import HealthStatus
from sightglass.api.services import Services

_KEPT_SECONDS = 1.0


class HealthReport:
    """Asks the services and keeps their answer for a second."""

    def __init__(self, services: Services, kept_seconds: float = _KEPT_SECONDS) -> None:
        self._services = services
        self._kept_seconds = kept_seconds
        self._asking = asyncio.Lock()
        self._asked_at = -float("inf")
        self._report: dict[str, Any] = {}

    async def get(self) -> dict[str, Any]:
        """The JSON of /health."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= self._kept_seconds:
                self._report = await run_in_threadpool(self._ask)
                self._asked_at = time.monotonic()
        return self._report

    def _ask(self) -> dict[str, Any]:
        predictor = self._services.predictor
        info = predictor.info() if predictor else None
        services = {name: _shown(state) for name, state in self._services.health().items()}
        services["model"] = {"status": "up"} if info else {"status": "down"}
        return {
            "status": _overall(services),
            "timestamp": datetime.now(UTC).isoformat(),
            "version": __version__,
            "environment": self._services.settings.environment.value,
            "services": services,
            "model_info": {"name": info.name, "version": info.version} if info else None,
        }


def _shown(state: Mapping[str, Any]) -> dict[str, Any]:
    detail = {"detail": state["detail"]} if state["detail"] else {}
    return {"status": state["status"], **detail, "ms": state["milliseconds"]}


def _overall(services: Mapping[str, Mapping[str, Any]]) -> HealthStatus:
    """Without a model nothing can be answered; without the others, most can."""
    down = {name for name, state in services.items() if state["status"] == "down"}
    if "model" in down:
        return HealthStatus.UNHEALTHY
    return HealthStatus.DEGRADED if down else HealthStatus.HEALTHY
