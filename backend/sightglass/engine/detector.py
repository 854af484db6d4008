"""The detector: pixels in, objects in pixels of the original out. The heart of the path.

It knows nothing of requests, queues or records; any number of threads may call `detect`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import psutil

from sightglass.engine.bundle import ModelBundle
from sightglass.engine.heads import Candidates, Thresholds, read_head
from sightglass.engine.letterbox import (
    Floats,
    Pixels,
    Placement,
    Shape,
    centre_crop,
    letterbox,
    place,
    tight_shape,
)
from sightglass.engine.masks import outlines
from sightglass.engine.model_check import checked_rows
from sightglass.engine.runtimes import open_runtime
from sightglass.engine.runtimes.protocol import Output, Runtime
from sightglass.engine.types import (
    Box,
    Classification,
    Detection,
    DetectOptions,
    EngineResult,
    Mask,
    ModelInfo,
    Task,
)
from sightglass.errors import InferenceError, ModelBundleError, SightglassError

_DEFAULTS = DetectOptions()


@dataclass(frozen=True, slots=True)
class _Reading:
    """How this detector reads its model unless a request says otherwise."""

    target: Shape  # the full input, height and width
    rectangular: bool
    defaults: Thresholds
    rows: int = 0  # of a head without NMS


class Detector:
    """A model that is loaded and warm. Made by `Detector.load`."""

    def __init__(
        self, bundle: ModelBundle, runtime: Runtime, reading: _Reading, memory_bytes: int
    ) -> None:
        self._bundle = bundle
        self._runtime = runtime
        self._reading = reading
        self._memory_bytes = memory_bytes

    @classmethod
    def load(
        cls,
        bundle: ModelBundle,
        *,
        engine: str = "openvino",
        precision: str = "auto",
        streams: int = 0,
        input_size: int = 0,
        max_shapes: int = 4,
        rectangular: bool = True,
        confidence: float | None = None,
        iou: float | None = None,
        max_detections: int = 300,
    ) -> Detector:
        """Load a model; None and 0 mean: as the bundle, or the runtime, says.

        `input_size` is the longest side of the input, rounded up to whole strides. Raises
        `ModelBundleError` when the model cannot be used this way.
        """
        before = psutil.Process().memory_info().rss
        target = _target(bundle, input_size)
        runtime = open_runtime(
            engine,
            bundle.onnx_path,
            target,
            precision=precision,
            streams=streams,
            max_shapes=max_shapes,
        )
        fixed = runtime.static_shape
        if fixed is not None and input_size and max(fixed) != input_size:
            raise ModelBundleError(
                f"The model {bundle.name} was exported for inputs of {fixed[1]}x{fixed[0]} pixels: "
                "leave INPUT_SIZE at 0, or export it with dynamic axes."
            )
        reading = _Reading(
            target=fixed or target,
            rectangular=rectangular and fixed is None and bundle.task is not Task.CLASSIFY,
            defaults=Thresholds(
                bundle.confidence if confidence is None else confidence,
                bundle.iou if iou is None else iou,
                None,
                max_detections,
            ),
        )
        rows = checked_rows(bundle, runtime, reading.target)
        added = psutil.Process().memory_info().rss - before
        return cls(bundle, runtime, replace(reading, rows=rows), max(0, added))

    @property
    def input_size(self) -> int:
        """The longest side of the model's input."""
        return max(self._reading.target)

    @property
    def streams(self) -> int:
        """How many pictures are worked on at once."""
        return self._runtime.streams

    def detect(
        self,
        pixels: Pixels,
        options: DetectOptions = _DEFAULTS,
        *,
        original_size: tuple[int, int] | None = None,
    ) -> EngineResult:
        """Find what is in a BGR picture (height, width, 3) of uint8.

        `original_size` (width, height) is given when the pixels are a reduced version of the
        original; the answer is in pixels of the original. Raises `InferenceError`.
        """
        height, width = pixels.shape[:2]
        original = (original_size[1], original_size[0]) if original_size else (height, width)
        try:
            return self._detect(pixels, options, original)
        except SightglassError:
            raise
        except Exception as error:  # of the runtime or OpenCV; its text is not for the client
            raise InferenceError from error

    def _detect(self, pixels: Pixels, options: DetectOptions, original: Shape) -> EngineResult:
        begun = perf_counter()
        height, width = pixels.shape[:2]
        with self._runtime.lease(self._wanted((height, width))) as lease:
            waited = perf_counter() - begun
            placement = place((height, width), self._reading.target, lease.shape, original)
            if self._bundle.task is Task.CLASSIFY:
                centre_crop(pixels, lease.pixels)
            else:
                letterbox(pixels, placement, lease.pixels)
            prepared = perf_counter()
            outputs = lease.run()
            inferred = perf_counter()
            result = self._read(outputs, placement, options)
        ended = perf_counter()
        result.milliseconds.update(
            preprocess=(prepared - begun - waited) * 1e3,
            # Waiting for a free request, or for a shape to be compiled, is the runtime's time.
            inference=(inferred - prepared + waited) * 1e3,
            postprocess=(ended - inferred) * 1e3,
        )
        return result

    def warm_up(self, shapes: Iterable[tuple[int, int]] = ()) -> None:
        """Compile and run the full input, and the inputs for pictures of these (width, height)."""
        for width, height in ((self._reading.target[1], self._reading.target[0]), *shapes):
            self.detect(np.zeros((height, width, 3), np.uint8))

    def info(self) -> ModelInfo:
        """What is loaded, for people and metrics."""
        bundle, runtime = self._bundle, self._runtime
        return ModelInfo(
            name=bundle.name,
            version=bundle.version,
            task=bundle.task,
            classes=bundle.classes,
            input_size=self._reading.target,
            stride=bundle.stride,
            dynamic=runtime.static_shape is None,
            engine=runtime.name,
            engine_version=runtime.version,
            precision=runtime.precision,
            device=runtime.device,
            streams=runtime.streams,
            confidence=self._reading.defaults.confidence,
            iou=self._reading.defaults.iou,
            sha256=bundle.sha256,
            source=bundle.source,
            license=bundle.license,
            memory_bytes=self._memory_bytes,
            metrics=dict(bundle.metrics),
            input_shapes=runtime.shapes,
            card=bundle.card,
        )

    def close(self) -> None:
        """Release the model. No call of `detect` may be under way."""
        self._runtime.close()

    def _wanted(self, picture: Shape) -> Shape:
        if not self._reading.rectangular:
            return self._reading.target
        target, stride = self._reading.target, self._bundle.stride
        height, width = tight_shape(picture, target, stride)
        # A head that picks its best rows inside the graph needs at least as many anchors.
        while _anchors(height, width) < self._reading.rows and (height, width) != target:
            if width >= target[1] or (height <= width and height < target[0]):
                height += stride
            else:
                width += stride
        return height, width

    def _read(
        self, outputs: list[Output], placement: Placement, options: DetectOptions
    ) -> EngineResult:
        if self._bundle.task is Task.CLASSIFY:
            return self._classified(outputs[0][0], placement)
        found = read_head(
            outputs[0][0], self._bundle.head, len(self._bundle.classes), self._asked(options)
        )
        masks: Sequence[Mask | None] = ()
        if self._bundle.task is Task.SEGMENT:
            masks = outlines(found, outputs[1][0], placement)
        return EngineResult(
            task=self._bundle.task,
            detections=self._detections(found, masks, placement),
            input_shape=placement.shape,
        )

    def _asked(self, options: DetectOptions) -> Thresholds:
        defaults = self._reading.defaults
        most = options.max_detections
        return Thresholds(
            defaults.confidence if options.confidence is None else options.confidence,
            defaults.iou if options.iou is None else options.iou,
            options.classes,
            defaults.max_detections if most is None else most,
        )

    def _detections(
        self, found: Candidates, masks: Sequence[Mask | None], placement: Placement
    ) -> tuple[Detection, ...]:
        boxes = placement.to_original(found.corners).tolist()
        rows = zip(boxes, found.class_ids.tolist(), found.scores.tolist(), strict=True)
        detections = [
            Detection(Box(*box), class_id, self._bundle.classes[class_id], score)
            for box, class_id, score in rows
        ]
        if self._bundle.task is not Task.SEGMENT:
            return tuple(detections)
        # As ultralytics does: what has no mask inside its box is no object.
        return tuple(
            Detection(found.box, found.class_id, found.name, found.confidence, mask)
            for found, mask in zip(detections, masks, strict=True)
            if mask is not None
        )

    def _classified(self, scores: Floats, placement: Placement) -> EngineResult:
        order = np.argsort(-scores, kind="stable")
        return EngineResult(
            task=Task.CLASSIFY,
            classifications=tuple(
                Classification(index, self._bundle.classes[index], float(scores[index]))
                for index in order.tolist()
            ),
            input_shape=placement.shape,
        )


def _anchors(height: int, width: int) -> int:
    """How many anchors YOLO has at its three strides."""
    return sum((height // stride) * (width // stride) for stride in (8, 16, 32))


def _target(bundle: ModelBundle, input_size: int) -> Shape:
    """The full input: the bundle's, or one whose longest side is `input_size`, in whole strides."""
    height, width = bundle.input_size
    if input_size:
        scale = input_size / max(height, width)
        height, width = round(height * scale), round(width * scale)
    if bundle.task is Task.CLASSIFY:
        return height, width
    stride = bundle.stride
    return -(-height // stride) * stride, -(-width // stride) * stride
