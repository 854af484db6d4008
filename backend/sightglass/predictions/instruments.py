"""The metrics of one model, with their labels looked up once instead of at every prediction."""

from __future__ import annotations

from collections import defaultdict

from sightglass.engine.types import Classification, Detection, ModelInfo
from sightglass.observability import metrics
from sightglass.predictions.record import Outcome, Prediction

_STAGES = ("receive", "queue", "decode", "preprocess", "inference", "postprocess")


class ModelInstruments:
    """Counts predictions of one model."""

    def __init__(self, info: ModelInfo) -> None:
        name, version = info.name, info.version
        self._duration = metrics.model_prediction_duration.labels(name)
        self._confidence = metrics.detection_confidence.labels(name, version)
        self._outcomes = {o: metrics.model_predictions.labels(name, o.value) for o in Outcome}
        self._stages = {s: metrics.prediction_stage_duration.labels(name, s) for s in _STAGES}
        self._classes = {
            c: (
                metrics.detections.labels(name, version, c),
                metrics.detections_confidence.labels(name, version, c),
            )
            for c in info.classes
        }
        metrics.model_memory.labels(name).set(info.memory_bytes)
        metrics.model_info.labels(
            name, version, info.task.value, info.engine, info.precision, info.sha256[:12]
        ).set(1)

    def observe(self, prediction: Prediction) -> None:
        self._outcomes[prediction.outcome].inc()
        self._duration.observe(prediction.total_milliseconds / 1000)
        for stage, milliseconds in prediction.milliseconds.items():
            if stage in self._stages:
                self._stages[stage].observe(milliseconds / 1000)
        if prediction.outcome is not Outcome.SUCCEEDED:
            return
        top = prediction.classifications[:1]
        found: tuple[Detection | Classification, ...] = (*prediction.detections, *top)
        by_class: defaultdict[str, list[float]] = defaultdict(list)
        for one in found:
            self._confidence.observe(one.confidence)
            by_class[one.name].append(one.confidence)
        for name, confidences in by_class.items():
            objects, confidence = self._classes[name]
            objects.inc(len(confidences))
            confidence.inc(sum(confidences))
