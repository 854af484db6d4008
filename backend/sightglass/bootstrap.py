"""The only place where parts are wired together.

Each `build_*` makes one process's worth of parts from the settings; nothing connects before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sightglass.engine.admission import Admission
from sightglass.engine.bundle import ModelBundle
from sightglass.engine.detector import Detector
from sightglass.errors import SetupError
from sightglass.intake import IntakeLimits
from sightglass.predictions.journal import Journal
from sightglass.predictions.service import Predictor
from sightglass.registry.resolve import resolve_model
from sightglass.settings import Settings, load_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from sightglass.api.services import Services

log = structlog.get_logger(__name__)

# Width and height of the photos that most cameras take: their input shapes are compiled at start.
_COMMON_PHOTOS = ((4000, 3000), (1920, 1080))


def build_bundle(settings: Settings) -> ModelBundle:
    """Find the model that MODEL_PATH names; a `.pt` is converted once. Raises `SetupError`."""
    return resolve_model(settings.model_path, settings.model_cache_dir)


def build_detector(settings: Settings) -> Detector:
    return Detector.load(
        build_bundle(settings),
        engine=settings.engine,
        precision=settings.inference_precision,
        streams=settings.inference_streams,
        input_size=settings.input_size,
        max_shapes=settings.max_input_shapes,
        rectangular=settings.rectangular_input,
        confidence=settings.confidence_threshold,
        iou=settings.iou_threshold,
        max_detections=settings.max_detections,
    )


def build_journal(settings: Settings) -> Journal | None:
    if not settings.journal_enabled:
        return None
    return Journal(settings.redis_url, settings.resolved_spool_dir)


def build_predictor(settings: Settings, journal: Journal | None = None) -> Predictor:
    """A predictor that is warm. Without a journal, nothing is recorded."""
    detector = build_detector(settings)
    detector.warm_up(_COMMON_PHOTOS[: settings.max_input_shapes - 1])
    return Predictor(
        detector,
        IntakeLimits.from_settings(settings),
        journal,
        journal_required=settings.journal_required,
    )


def build_services(settings: Settings) -> Services:
    """All that the API works with. Without a usable model it starts, and says 503."""
    from sightglass.api.services import Services
    from sightglass.jobs.health import check_all
    from sightglass.jobs.queue import JobQueue
    from sightglass.jobs.task_events import TaskEvents
    from sightglass.jobs.task_store import TaskStore
    from sightglass.predictions.history import History
    from sightglass.predictions.mlflow_client import MlflowClient
    from sightglass.storage import database

    journal = build_journal(settings)
    predictor = _try_predictor(settings, journal)
    streams = predictor.streams if predictor else 1
    admission = Admission(streams, settings.queue_limit)
    engine = database.create_engine(settings.resolved_database_url)

    def start() -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        _migrate(settings)
        if journal:
            journal.start()

    def stop() -> None:
        admission.close(settings.shutdown_grace_seconds)
        if journal:
            journal.close()
        engine.dispose()

    retention = settings.result_retention_seconds
    return Services(
        settings=settings,
        predictor=predictor,
        admission=admission,
        history=History(engine),
        mlflow=MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_experiment_name),
        queue=JobQueue(settings),
        task_store=TaskStore.at(settings.redis_url, retention_seconds=retention),
        events=TaskEvents(settings.redis_url),
        health=lambda: check_all(settings),
        start=start,
        stop=stop,
    )


def make_app() -> FastAPI:
    """The API of one uvicorn process, from the environment."""
    from sightglass.api.app import create_app
    from sightglass.observability.logging import configure_logging
    from sightglass.observability.sentry import init_sentry

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, component="api")
    init_sentry(settings, "api")
    return create_app(build_services(settings))


def _try_predictor(settings: Settings, journal: Journal | None) -> Predictor | None:
    try:
        return build_predictor(settings, journal)
    except SetupError as error:
        log.error("model_not_loaded", code=error.code, reason=error.message)
        return None


def _migrate(settings: Settings) -> None:
    """Bring the history's tables up to date. The API serves without them, so it only tells."""
    from sightglass.errors import SightglassError
    from sightglass.storage import database

    try:
        database.migrate(settings.resolved_database_url)
    except SightglassError as error:
        log.error("history_not_migrated", code=error.code, reason=error.message)
