"""What a person says of a prediction: right or wrong, and what should have been found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sightglass.engine.types import Box
from sightglass.errors import InvalidParameterError
from sightglass.predictions.record import ImageFacts

# A person who draws to the edge may end a pixel outside.
_OUTSIDE_PIXELS = 1.0


class VerdictValue(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"


class VerdictFilter(StrEnum):
    """Which predictions, by what a person said of them."""

    RIGHT = "right"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class VerdictObject:
    """One object as it should have been found; the box in pixels of the upright original."""

    box: Box
    class_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict as it is kept. `objects` None: nobody corrected them. Times are seconds since
    the epoch.
    """

    value: VerdictValue
    objects: tuple[VerdictObject, ...] | None
    note: str | None
    created_at: float
    updated_at: float


def check_object(
    place: int, box: Box, class_id: int, image: ImageFacts, names: Mapping[int, str]
) -> VerdictObject:
    """The object with its box clipped to the image and its class named.

    `place` is its index in what was sent. Raises `InvalidParameterError`, which names it.
    """
    if class_id not in names:
        raise _wrong(place, f"class {class_id} is not one that the model knows.")
    return VerdictObject(_clipped(place, box, image), class_id, names[class_id])


def _clipped(place: int, box: Box, image: ImageFacts) -> Box:
    if not image.width or not image.height:
        raise _wrong(place, "the size of the image is not known: it was never decoded.")
    x1, x2 = (_inside(place, x, image.width) for x in (box.x1, box.x2))
    y1, y2 = (_inside(place, y, image.height) for y in (box.y1, box.y2))
    if not (x1 < x2 and y1 < y2):
        raise _wrong(place, "x1 must be less than x2, and y1 less than y2.")
    return Box(x1, y1, x2, y2)


def _inside(place: int, value: float, length: int) -> float:
    """Rounded as answers are, and clipped to 0..length."""
    if not math.isfinite(value) or not -_OUTSIDE_PIXELS <= value <= length + _OUTSIDE_PIXELS:
        raise _wrong(place, "its box is not within the image.")
    return min(max(0.0, round(value, 2)), float(length))


def _wrong(place: int, problem: str) -> InvalidParameterError:
    field = f"objects.{place}"
    return InvalidParameterError(
        f"{field}: {problem}", errors=[{"field": field, "message": problem}]
    )
