"""Tells the audit log when a process serves another model than its kind did before.

It runs beside serving and never holds it up: while the database is away, it waits.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from sightglass.access.audit import Action, append, find_latest
from sightglass.access.reachable import reachable
from sightglass.errors import SightglassError
from sightglass.storage.database import writing
from sightglass.storage.locks import exclusive

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What identifies a model: two are the same when all three are."""

    name: str
    version: str
    sha256: str


class ServedModelAudit:
    """Start it once the model is loaded. `component` is api or worker."""

    def __init__(self, engine: Engine, component: str, model: ServedModel) -> None:
        self._engine = engine
        self._component = component
        self._model = model
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="served-model", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._try():
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _try(self) -> bool:
        try:
            return record_served(self._engine, self._component, self._model)
        except Exception as error:  # whatever it is, serving goes on
            code = error.code if isinstance(error, SightglassError) else type(error).__name__
            log.warning("served_model_not_audited", error=code)
            return False


def record_served(engine: Engine, component: str, model: ServedModel) -> bool:
    """Append an entry unless the newest of this component names this very model already.

    False when it could not look, as another process was at it for too long. Raises
    `AccessUnavailableError`.
    """
    served = {"name": model.name, "version": model.version, "sha256": model.sha256}
    # Replicas start together: only one of them may find the change.
    lock = exclusive(engine, "audit-model", wait_seconds=_LOCK_SECONDS)
    with reachable(), lock as alone:
        if not alone:
            return False
        with writing(engine) as connection:
            last = find_latest(connection, Action.MODEL_SERVED, component)
            before = None if last is None else last.details.get("served")
            if before != served:
                append(
                    connection,
                    Action.MODEL_SERVED,
                    f"{model.name} {model.version}",
                    actor=component,
                    details={"served": served, "before": before},
                )
    return True
