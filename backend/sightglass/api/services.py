"""What the routes work with. `bootstrap` makes it, the app's lifespan opens and closes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sightglass.errors import ModelUnavailableError
from sightglass.intake.limits import IntakeLimits
from sightglass.settings import Settings

if TYPE_CHECKING:
    from sightglass.access.audit import AuditLog
    from sightglass.access.directory import KeyDirectory
    from sightglass.engine.admission import Admission
    from sightglass.jobs.queue import JobQueue
    from sightglass.jobs.task_events import TaskEvents
    from sightglass.jobs.task_store import TaskStore
    from sightglass.predictions.history import History
    from sightglass.predictions.kept_images import KeptImages
    from sightglass.predictions.mlflow_client import MlflowReader
    from sightglass.predictions.service import Predictor
    from sightglass.predictions.verdicts import Verdicts


def _nothing() -> None:
    """For parts that need no opening or closing."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the API. All but `events` and `keys` block: call them on a thread.

    `health` asks every service how it is: name -> {status, detail, milliseconds}, where status is
    up, down or unknown.
    `predictor` is None while no model can be served.
    """

    settings: Settings
    predictor: Predictor | None
    admission: Admission
    history: History
    verdicts: Verdicts
    kept_images: KeptImages
    mlflow: MlflowReader
    queue: JobQueue
    task_store: TaskStore
    events: TaskEvents
    keys: KeyDirectory
    audit: AuditLog
    health: Callable[[], Mapping[str, Mapping[str, Any]]]
    start: Callable[[], None] = _nothing
    stop: Callable[[], None] = _nothing

    @property
    def limits(self) -> IntakeLimits:
        """What uploads may be."""
        return IntakeLimits.from_settings(self.settings)

    def get_predictor(self) -> Predictor:
        """The predictor. Raises `ModelUnavailableError` when there is none."""
        if self.predictor is None:
            raise ModelUnavailableError
        return self.predictor
