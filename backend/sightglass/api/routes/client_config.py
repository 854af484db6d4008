"""GET /client-config: limits and addresses for the web UI."""

from __future__ import annotations

from fastapi import APIRouter

from sightglass import __version__
from sightglass.api import examples
from sightglass.api.access import open_to_all
from sightglass.api.deps import ServicesDep
from sightglass.api.openapi import errors, example
from sightglass.api.schemas.client_config import ClientConfig, ClientLimits, ClientLinks

router = APIRouter(
    tags=["platform"],
    dependencies=[open_to_all("the UI must work before a person has given it a key")],
)


@router.get(
    "/client-config",
    summary="What a web page has to know of this server",
    responses={**errors(), 200: example(examples.CLIENT_CONFIG, "Limits and addresses.")},
)
async def show_client_config(services: ServicesDep) -> ClientConfig:
    settings = services.settings
    return ClientConfig(
        version=__version__,
        environment=settings.environment.value,
        limits=ClientLimits(
            max_file_size=settings.max_file_size,
            max_pixels=settings.max_pixels,
            formats=list(settings.allowed_formats),
            max_detections=settings.max_detections,
        ),
        links=ClientLinks(
            docs="/docs",
            mlflow=settings.browser_mlflow_url,
            grafana=settings.grafana_url,
            prometheus=settings.prometheus_url,
        ),
        keeps_images=settings.keeps_images,
    )
