"""The query parameters of a prediction, from text to the engine's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from sightglass.engine.types import DetectOptions, ModelInfo
from sightglass.errors import InvalidParameterError, UnknownModelError


@dataclass(frozen=True, slots=True)
class PredictionParameters:
    """What a client may ask for; None means: as the model says."""

    conf: float | None
    iou: float | None
    classes: str | None
    max_detections: int | None
    model: str | None
    annotate: bool

    def options(self, info: ModelInfo) -> DetectOptions:
        """The engine's options. Raises `UnknownModelError` and `InvalidParameterError`."""
        if self.model not in (None, info.name, f"{info.name}:{info.version}"):
            raise UnknownModelError(served=[info.name])
        return DetectOptions(
            confidence=self.conf,
            iou=self.iou,
            classes=_class_ids(self.classes, info.classes),
            max_detections=self.max_detections,
        )


async def prediction_parameters(
    conf: Annotated[
        float | None,
        Query(ge=0, le=1, allow_inf_nan=False, description="Lowest confidence to keep."),
    ] = None,
    iou: Annotated[
        float | None,
        Query(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Overlap (IoU) above which the less confident of two boxes is dropped.",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        Query(
            max_length=4096,
            description="Classes to keep: ids or names, separated by commas.",
            examples=["person,car"],
        ),
    ] = None,
    max_detections: Annotated[
        int | None, Query(ge=1, le=3000, description="Most objects to answer.")
    ] = None,
    model: Annotated[
        str | None,
        Query(max_length=200, description="The model to use: its name, or name:version."),
    ] = None,
    annotate: Annotated[
        bool, Query(description="Also answer the image with the boxes drawn, as base64 JPEG.")
    ] = False,
) -> PredictionParameters:
    return PredictionParameters(conf, iou, classes, max_detections, model, annotate)


def _class_ids(text: str | None, names: tuple[str, ...]) -> tuple[int, ...] | None:
    if text is None or not text.strip():
        return None
    ids = {name.lower(): number for number, name in enumerate(names)}
    return tuple(sorted({_class_id(part.strip(), ids) for part in text.split(",")}))


def _class_id(text: str, ids: dict[str, int]) -> int:
    if text.lower() in ids:
        return ids[text.lower()]
    if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < len(ids):
        return int(text)
    raise InvalidParameterError(
        "classes: a class is neither a name nor an id of the model; GET /model/info lists them."
    )
