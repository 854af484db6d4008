"""The only place where parts are wired together.

Each `build_*` makes one process's worth of parts from the settings; nothing connects before.
"""

from __future__ import annotations

from sightglass.engine.bundle import ModelBundle
from sightglass.engine.detector import Detector
from sightglass.intake import IntakeLimits
from sightglass.predictions.journal import Journal
from sightglass.predictions.service import Predictor
from sightglass.registry.resolve import resolve_model
from sightglass.settings import Settings


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
    detector.warm_up()
    return Predictor(
        detector,
        IntakeLimits.from_settings(settings),
        journal,
        journal_required=settings.journal_required,
    )
