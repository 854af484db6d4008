"""What flows out of the engine: boxes, classes and masks in pixels of the original image.

Coordinates have their origin at the top left corner of the upright image, x to the right and y
down, in pixels (floats, not rounded).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Task(StrEnum):
    """What a model answers."""

    DETECT = "detect"
    SEGMENT = "segment"
    CLASSIFY = "classify"


@dataclass(frozen=True, slots=True)
class Box:
    """Corners in pixels of the original image, clipped to it; x1 <= x2, y1 <= y2."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Mask:
    """The outline of one object: closed polygons of (x, y) in pixels of the original image."""

    polygons: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `confidence` is in 0..1; `mask` is set by segmentation models only."""

    box: Box
    class_id: int
    name: str
    confidence: float
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """One class of a classifier's answer, most confident first in the result."""

    class_id: int
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """How to read the head. None means: as the model's bundle says.

    confidence, iou: thresholds in 0..1. classes: class ids to keep. max_detections: at most.
    """

    confidence: float | None = None
    iou: float | None = None
    classes: tuple[int, ...] | None = None
    max_detections: int | None = None


@dataclass(frozen=True, slots=True)
class EngineResult:
    """The answer for one image. `milliseconds` holds preprocess, inference and postprocess."""

    task: Task
    detections: tuple[Detection, ...] = ()
    classifications: tuple[Classification, ...] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)
    input_shape: tuple[int, int] = (0, 0)  # height, width of the model's input


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded: facts for `/model/info`, health and metrics."""

    name: str
    version: str
    task: Task
    classes: tuple[str, ...]
    input_size: tuple[int, int]  # height, width
    stride: int
    dynamic: bool
    engine: str
    engine_version: str
    precision: str
    device: str
    streams: int
    confidence: float
    iou: float
    sha256: str
    source: str
    license: str
    memory_bytes: int
    metrics: dict[str, float] = field(default_factory=dict)
    input_shapes: tuple[tuple[int, int], ...] = ()  # compiled now, height x width
    card: str | None = field(default=None, repr=False)  # Markdown for people
