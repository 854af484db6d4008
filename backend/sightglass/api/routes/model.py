"""GET /model/info and /model/card: the model that is served, as facts and in words."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from sightglass.access.caller import Scope
from sightglass.api import examples
from sightglass.api.access import requires
from sightglass.api.deps import ServicesDep
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.platform import ModelInfoAnswer
from sightglass.api.schemas.predictions import ImageSize
from sightglass.errors import ModelUnavailableError, NoModelCardError

router = APIRouter(tags=["platform"], dependencies=[requires(Scope.READ)])
_COPIED = (
    *("version", "task", "stride", "engine", "engine_version", "precision", "device"),
    *("streams", "sha256", "source", "license", "metrics", "memory_bytes"),
)


class _Markdown(PlainTextResponse):
    media_type = "text/markdown"


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


@router.get(
    "/model/card",
    summary="What the model is good for, in its author's words",
    response_class=_Markdown,
    responses={
        **errors(ModelUnavailableError, NoModelCardError),
        200: example(examples.MODEL_CARD, "Markdown.", media_type=_Markdown.media_type),
    },
)
async def show_model_card(services: ServicesDep) -> Response:
    card = services.get_predictor().info().card
    if card is None:
        raise NoModelCardError
    return _Markdown(card)


def _size(shape: tuple[int, int]) -> ImageSize:
    height, width = shape
    return ImageSize(width=width, height=height)
