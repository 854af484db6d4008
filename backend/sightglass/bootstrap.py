"""The only place where parts are wired together.

Each `build_*` makes one process's worth of parts from the settings; nothing connects before.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog

from sightglass.engine.admission import Admission
from sightglass.engine.bundle import ModelBundle
from sightglass.engine.detector import Detector
from sightglass.errors import HistoryUnavailableError, SetupError, SightglassError
from sightglass.intake import IntakeLimits
from sightglass.jobs.names import IMAGE_QUEUES
from sightglass.observability.activity.sampler import ActivitySampler, shared_folder
from sightglass.observability.activity.store import ActivityStore
from sightglass.observability.logging import on_every_line
from sightglass.observability.scrape import RedisCollector, answer_scrapes
from sightglass.predictions.image_keeper import ImageKeeper
from sightglass.predictions.journal import Journal
from sightglass.predictions.kept_images import KeptImages
from sightglass.predictions.service import Predictor
from sightglass.predictions.stream import DEFAULT_STREAM
from sightglass.registry.resolve import resolve_model
from sightglass.settings import Settings, load_settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import Engine

    from sightglass.access.served_model import ServedModelAudit
    from sightglass.api.services import Services
    from sightglass.predictions.verdicts import Verdicts

log = structlog.get_logger(__name__)

_MIGRATE_AGAIN_SECONDS = 5.0
# Width and height of the photos that most cameras take: their input shapes are compiled at start.
_COMMON_PHOTOS = ((4000, 3000), (1920, 1080))


def build_bundle(settings: Settings) -> ModelBundle:
    """Find the model that MODEL_PATH names; a `.pt` is converted once. Raises `SetupError`."""
    return resolve_model(settings.model_path, settings.model_cache_dir)


def build_detector(settings: Settings, bundle: ModelBundle | None = None) -> Detector:
    return Detector.load(
        bundle or build_bundle(settings),
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


def build_image_keeper(settings: Settings) -> ImageKeeper | None:
    if not settings.keeps_images:
        return None
    return ImageKeeper(_kept_images(settings), per_second=settings.keep_images_per_second)


def _kept_images(settings: Settings) -> KeptImages:
    """Pictures that go when they are old, unless a person gave their prediction a verdict."""

    @functools.cache
    def verdicts() -> Verdicts:
        from sightglass.predictions.verdicts import Verdicts
        from sightglass.storage import database

        return Verdicts(database.create_engine(settings.resolved_database_url))

    return KeptImages.from_settings(settings, lambda ids: verdicts().find_judged(ids))


def build_predictor(
    settings: Settings, journal: Journal | None = None, images: ImageKeeper | None = None
) -> Predictor:
    """A predictor that is warm. Without a journal, nothing is recorded."""
    bundle = build_bundle(settings)
    detector = build_detector(settings, bundle)
    detector.warm_up(_COMMON_PHOTOS[: settings.max_input_shapes - 1])
    on_every_line(model=f"{bundle.name}:{bundle.version}")
    return Predictor(
        detector,
        IntakeLimits.from_settings(settings),
        journal,
        journal_required=settings.journal_required,
        images=images,
    )


def build_sampler(settings: Settings) -> ActivitySampler:
    """What keeps the activity of this process, and of those that share its metrics folder."""
    return ActivitySampler(
        ActivityStore(settings.redis_url),
        RedisCollector(settings.redis_url, queues=IMAGE_QUEUES, stream=DEFAULT_STREAM),
        IMAGE_QUEUES,
        folder=shared_folder(),
    )


def build_services(settings: Settings) -> Services:
    """All that the API works with. Without a usable model it starts, and says 503."""
    from sightglass.access.audit import AuditLog
    from sightglass.access.directory import KeyDirectory
    from sightglass.access.keys import Keys
    from sightglass.api.services import Services
    from sightglass.jobs.health import check_all
    from sightglass.jobs.queue import JobQueue
    from sightglass.jobs.task_events import TaskEvents
    from sightglass.predictions.history import History
    from sightglass.predictions.mlflow_client import MlflowReader
    from sightglass.predictions.verdicts import Verdicts
    from sightglass.storage import database

    journal = build_journal(settings)
    images = build_image_keeper(settings)
    sampler = build_sampler(settings)
    predictor = _try_predictor(settings, journal, images)
    streams = predictor.streams if predictor else 1
    admission = Admission(streams, settings.queue_limit)
    engine = database.create_engine(settings.resolved_database_url)
    keys = KeyDirectory(Keys(engine))
    served = _served_model_audit(engine, "api", predictor)

    queue = JobQueue(settings)
    mlflow = MlflowReader(
        settings.mlflow_tracking_uri,
        settings.mlflow_experiment_name,
        settings.browser_mlflow_url,
    )

    def start() -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        _migrate(settings)
        for part in (journal, images, sampler, served, keys if settings.asks_for_keys else None):
            if part:
                part.start()

    def stop() -> None:
        admission.close(settings.shutdown_grace_seconds)
        for part in (journal, images, sampler, served, keys):
            if part:
                part.close()
        queue.close()
        mlflow.close()
        engine.dispose()

    return Services(
        settings=settings,
        predictor=predictor,
        admission=admission,
        history=History(engine),
        verdicts=Verdicts(engine),
        kept_images=_kept_images(settings),
        mlflow=mlflow,
        queue=queue,
        task_store=queue.store,
        events=TaskEvents(settings.redis_url),
        keys=keys,
        audit=AuditLog(engine),
        health=lambda: {name: asdict(found) for name, found in check_all(settings).items()},
        start=start,
        stop=stop,
    )


def run_worker(settings: Settings) -> int:
    """The Celery worker: one model in memory, shared by its threads. Returns the exit status."""
    from sightglass.jobs import worker
    from sightglass.predictions.history import History
    from sightglass.predictions.old_books import remove_old_books
    from sightglass.storage import database

    _configure(settings, "worker")
    journal = build_journal(settings)
    images = build_image_keeper(settings)
    sampler = build_sampler(settings)
    predictor = build_predictor(settings, journal, images)
    engine = database.create_engine(settings.resolved_database_url)
    history = History(engine)
    served = _served_model_audit(engine, "worker", predictor)
    days = settings.history_retention_days

    def remove_old_history() -> int:
        removed = history.remove_older_than(days)
        remove_old_books(engine, days)
        return removed

    for part in (journal, images, sampler, served):
        if part:
            part.start()
    try:
        return worker.run_worker(
            settings,
            predictor,
            # One more than the engine's streams: while a task decodes an image or talks to
            # Redis, the engine has another.
            concurrency=predictor.streams + 1,
            remove_old_history=remove_old_history if days else lambda: 0,
            # Also when none are kept any more: what was kept before must go too.
            remove_old_images=_kept_images(settings).remove_old,
        )
    finally:
        for part in (journal, images, sampler, served):
            if part:
                part.close()


def run_beat(settings: Settings) -> None:
    """The schedule of cleanups, rescues and health checks. Run exactly one."""
    from sightglass.jobs import worker

    _configure(settings, "beat")
    worker.run_beat(settings)


def run_drain(settings: Settings, stop: threading.Event) -> None:
    """Move recorded predictions into the history and on to MLflow, until `stop` is set."""
    from sightglass.jobs.heartbeat import Heartbeat
    from sightglass.observability.alive_file import AliveFile
    from sightglass.predictions.drain import Drain
    from sightglass.predictions.history import History
    from sightglass.predictions.ledger import ExportLedger
    from sightglass.predictions.sinks.mlflow_export import MlflowExport
    from sightglass.storage import database

    _configure(settings, "drain")
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    engine = database.create_engine(settings.resolved_database_url)
    export = MlflowExport(
        ExportLedger(engine),
        settings.mlflow_tracking_uri,
        settings.mlflow_experiment_name,
        traces_per_second=settings.mlflow_traces_per_second,
        run_per_prediction=settings.mlflow_run_per_prediction,
        flush_seconds=settings.mlflow_flush_seconds,
        retention_days=settings.mlflow_retention_days,
    )
    answer_scrapes(settings.worker_metrics_port)
    signs = (Heartbeat(settings.redis_url, "drain"), AliveFile(settings.alive_file))
    for sign in signs:
        sign.start()
    try:
        while not _migrate(settings) and not stop.wait(_MIGRATE_AGAIN_SECONDS):
            pass  # the database is away: records wait in Redis
        Drain(settings.redis_url, History(engine), export).run_forever(stop)
    finally:
        for sign in signs:
            sign.close()
        engine.dispose()


def make_app() -> FastAPI:
    """The API of one uvicorn process, from the environment."""
    from sightglass.api.app import create_app

    settings = load_settings()
    _configure(settings, "api")
    return create_app(build_services(settings))


def _configure(settings: Settings, component: str) -> None:
    """Logging and error reports of one process."""
    from sightglass.observability import metrics
    from sightglass.observability.logging import configure_logging
    from sightglass.observability.sentry import init_sentry
    from sightglass.observability.stderr import log_stderr

    configure_logging(settings.log_level, settings.log_format, component=component)
    if settings.log_format == "json":
        log_stderr()
    init_sentry(settings, component)
    metrics.process_started.labels(component).set_to_current_time()


def _try_predictor(
    settings: Settings, journal: Journal | None, images: ImageKeeper | None
) -> Predictor | None:
    try:
        return build_predictor(settings, journal, images)
    except SetupError as error:
        log.error("model_not_loaded", code=error.code, reason=error.message)
        return None


def _served_model_audit(
    engine: Engine, component: str, predictor: Predictor | None
) -> ServedModelAudit | None:
    from sightglass.access.served_model import ServedModel, ServedModelAudit

    if predictor is None:
        return None
    info = predictor.info()
    return ServedModelAudit(engine, component, ServedModel(info.name, info.version, info.sha256))


def _migrate(settings: Settings) -> bool:
    """Bring the history's tables up to date; whether they could be reached. The API serves
    without them, so it only tells. A schema of a later version is left as it is: it only adds.
    """
    from sightglass.storage import database

    try:
        database.migrate(settings.resolved_database_url)
    except SightglassError as error:
        log.error("history_not_migrated", code=error.code, reason=error.message)
        return not isinstance(error, HistoryUnavailableError)
    return True
