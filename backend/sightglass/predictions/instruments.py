"""The metrics of one model, with their labels looked up once instead of at every prediction."""

from __future__ import annotations

from collections import Counter as Tally

from sightglass.engine.types import ModelInfo
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
        self._classes = {c: metrics.detections.labels(name, version, c) for c in info.classes}
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
        seen = Tally(d.name for d in prediction.detections)
        if prediction.classifications:
            seen[prediction.classifications[0].name] += 1
            self._confidence.observe(prediction.classifications[0].confidence)
        for name, count in seen.items():
            self._classes[name].inc(count)
        for detection in prediction.detections:
            self._confidence.observe(detection.confidence)
