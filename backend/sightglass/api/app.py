"""The HTTP application, put together: this is all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from sightglass import __version__
from sightglass.api import docs
from sightglass.api.error_handlers import add_error_handlers, unexpected
from sightglass.api.health_report import HealthReport
from sightglass.api.middleware import RequestMiddleware
from sightglass.api.openapi import add_openapi, operation_id
from sightglass.api.routes import health, images, metrics, mlflow, model, predictions, root, tasks
from sightglass.api.services import Services
from sightglass.jobs.names import IMAGES_QUEUE, MAINTENANCE_QUEUE
from sightglass.observability.scrape import RedisCollector
from sightglass.predictions.stream import DEFAULT_STREAM
from sightglass.settings import Settings

_ROUTES = (images, tasks, predictions, mlflow, model, health, metrics, root, docs)
_QUEUES = (IMAGES_QUEUE, MAINTENANCE_QUEUE)


def create_app(services: Services) -> FastAPI:
    """The application over these services; its lifespan starts and stops them."""
    settings = services.settings
    app = FastAPI(
        title="Sightglass",
        version=__version__,
        openapi_url=None,  # docs.py serves the document and a page without other hosts
        generate_unique_id_function=operation_id,
        lifespan=_lifespan,
        middleware=_middleware(settings),
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    app.state.shutting_down = False
    app.state.home_page = "/docs"
    app.state.health = HealthReport(services)
    app.state.redis_collector = RedisCollector(
        settings.redis_url, queues=_QUEUES, stream=DEFAULT_STREAM
    )
    for prefix in ("", "/api"):
        for module in _ROUTES:
            app.include_router(module.router, prefix=prefix, include_in_schema=not prefix)
    add_error_handlers(app)
    add_openapi(app)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    layers = [Middleware(RequestMiddleware, on_error=unexpected)]
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Content-Type", "X-Request-ID", "X-Request-Timeout"],
                expose_headers=["X-Request-ID", "X-Process-Time", "Location", "Retry-After"],
            )
        )
    return layers


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await run_in_threadpool(services.start)
    await services.events.start()
    try:
        yield
    finally:
        app.state.shutting_down = True
        await services.events.close()
        await run_in_threadpool(services.stop)
        app.state.redis_collector.close()
