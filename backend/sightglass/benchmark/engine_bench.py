"""The parts without HTTP: the engine with pixels ready, and the pipeline from bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sightglass import bootstrap
from sightglass.benchmark.images import PhotoSet
from sightglass.benchmark.plan import Plan, Say, median, ratios, rotated, too_slow
from sightglass.benchmark.report import Row, Section, at_least
from sightglass.engine.detector import Detector
from sightglass.engine.types import ModelInfo
from sightglass.errors import SetupError
from sightglass.predictions.record import Source
from sightglass.predictions.service import PredictionRequest, Predictor
from sightglass.settings import Settings


def rate_of(
    work: Callable[[], object], threads: int, seconds: float, lead_in: float = 0.3
) -> float:
    """Calls a second of `work` from `threads` threads; those that end inside `seconds` after
    the lead-in count. Raises `SetupError` when none does, and what `work` raises.
    """
    ended: list[list[float]] = [[] for _ in range(threads)]
    errors: list[BaseException] = []
    start = threading.Barrier(threads + 1)
    origin = 0.0

    def repeat(mine: list[float]) -> None:
        start.wait()
        try:
            while time.perf_counter() < origin + seconds:
                work()
                mine.append(time.perf_counter())
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=repeat, args=(mine,), daemon=True) for mine in ended]
    for worker in workers:
        worker.start()
    origin = time.perf_counter() + lead_in
    start.wait()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    counted = sum(0.0 <= at - origin <= seconds for mine in ended for at in mine)
    if not counted:
        raise SetupError(too_slow(seconds))
    return counted / seconds


class Pipeline:
    """`Predictor.predict` from as many threads as the engine has streams; nothing recorded."""

    def __init__(self, predictor: Predictor, streams: int) -> None:
        self._predictor = predictor
        self.streams = streams

    @classmethod
    def build(cls, settings: Settings) -> Pipeline:
        predictor = bootstrap.build_predictor(settings, None)
        return cls(predictor, predictor.info().streams)

    def rate(self, data: bytes, seconds: float) -> float:
        """Images a second."""
        return rate_of(lambda: self._predict(data), self.streams, seconds)

    def info(self) -> ModelInfo:
        return self._predictor.info()

    def detections(self, data: bytes) -> int:
        """How many objects the model finds on the image."""
        return self._predict(data)

    def _predict(self, data: bytes) -> int:
        answer = self._predictor.predict(data, PredictionRequest(source=Source.CLI))
        return len(answer.prediction.detections)


def measure_engine(settings: Settings, photos: PhotoSet, plan: Plan, say: Say) -> Section:
    """Rectangular against square input on a 16:9 photo, and the usual photo beside them."""
    contenders: dict[str, tuple[Detector, Any]] = {}
    fitted = bootstrap.build_detector(settings.model_copy(update={"rectangular_input": True}))
    square = bootstrap.build_detector(settings.model_copy(update={"rectangular_input": False}))
    try:
        contenders["photo"] = (fitted, photos.photo.pixels)
        contenders["wide"] = (fitted, photos.wide.pixels)
        contenders["wide_square"] = (square, photos.wide.pixels)
        rounds: dict[str, list[float]] = {name: [] for name in contenders}
        shapes = {
            name: detector.detect(pixels).input_shape
            for name, (detector, pixels) in contenders.items()
        }
        for index in range(plan.rounds):
            say(f"engine alone, round {index + 1} of {plan.rounds}")
            for name in rotated(list(contenders), index):
                detector, pixels = contenders[name]
                work = partial(detector.detect, pixels)
                rounds[name].append(rate_of(work, detector.streams, plan.seconds))
        streams = fitted.streams
    finally:
        fitted.close()
        square.close()
    gain = ratios(rounds["wide"], rounds["wide_square"])

    def row(name: str, what: str) -> Row:
        height, width = shapes[name]
        return Row(what, median(rounds[name]), "images/s", f"input {width}x{height}")

    return Section(
        "Engine alone, pixels ready",
        [
            row("photo", "0.9-megapixel photo, rectangular"),
            row("wide", "16:9 photo, rectangular"),
            row("wide_square", "16:9 photo, square"),
        ],
        [at_least("16:9 photo, rectangular / square input", median(gain), 1.4)],
        {"rounds": rounds, "ratios": gain, "shapes": shapes, "threads": streams},
    )
