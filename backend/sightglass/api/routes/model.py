"""GET /model/info: the model that is served."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sightglass.api import examples
from sightglass.api.deps import ServicesDep
from sightglass.api.openapi import errors, example
from sightglass.api.schemas import ImageSize, ModelInfoAnswer
from sightglass.errors import ModelUnavailableError

router = APIRouter(tags=["platform"])
_COPIED = (
    *("version", "task", "stride", "engine", "engine_version", "precision", "device"),
    *("streams", "sha256", "source", "license", "metrics", "memory_bytes"),
)


@router.get(
    "/model/info",
    summary="The model that is served",
    responses={
        **errors(ModelUnavailableError),
        200: example(examples.MODEL_INFO, "Facts and defaults of the model."),
    },
)
async def show_model(services: ServicesDep) -> ModelInfoAnswer:
    info = services.get_predictor().info()
    copied: dict[str, Any] = {name: getattr(info, name) for name in _COPIED}
    return ModelInfoAnswer(
        model_name=info.name,
        classes=list(info.classes),
        input_size=_size(info.input_size),
        thresholds={"confidence": info.confidence, "iou": info.iou},
        input_shapes=[_size(shape) for shape in info.input_shapes],
        **copied,
    )


def _size(shape: tuple[int, int]) -> ImageSize:
    height, width = shape
    return ImageSize(width=width, height=height)
