"""The HTTP application, put together: this is all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from sightglass import __version__
from sightglass.access.limiter import Limiter
from sightglass.api import docs
from sightglass.api.activity_report import ActivityReport
from sightglass.api.end_signal import told_of_the_end
from sightglass.api.error_handlers import add_error_handlers, unexpected
from sightglass.api.head import HeadAsGet
from sightglass.api.health_report import HealthReport
from sightglass.api.middleware import RequestMiddleware
from sightglass.api.openapi import add_openapi, operation_id
from sightglass.api.routes import (
    activity,
    audit,
    client_config,
    health,
    images,
    kept_images,
    metrics,
    mlflow,
    model,
    predictions,
    root,
    tasks,
    verdicts,
)
from sightglass.api.services import Services
from sightglass.api.task_answer import encoded_task
from sightglass.api.web_ui import PREFIX, add_web_ui
from sightglass.jobs.names import LAST_BACKUP, LAST_HEALTH, QUEUES, heartbeat_key
from sightglass.jobs.task_feed import TaskFeed
from sightglass.observability.scrape import RedisCollector
from sightglass.predictions.stream import DEFAULT_STREAM
from sightglass.settings import Settings

_ROUTES = (
    *(images, tasks, predictions, verdicts, kept_images),
    *(mlflow, model, health, activity, audit, client_config, metrics, root, docs),
)

# What pages of other sites may send and see.
_REQUEST_HEADERS = [
    *("Content-Type", "X-Request-ID", "X-Request-Timeout"),
    *("Authorization", "X-API-Key"),
]
_ANSWER_HEADERS = [
    *("X-Request-ID", "X-Process-Time", "Location", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
]


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
    if settings.resolved_ui_dir:
        add_web_ui(app, settings.resolved_ui_dir)
        app.state.home_page = f"{PREFIX}/"
    app.state.limiter = Limiter(settings.redis_url)
    app.state.health = HealthReport(services)
    app.state.task_feed = TaskFeed(services.events, encoded_task)
    app.state.activity = ActivityReport(settings.redis_url)
    app.state.redis_collector = RedisCollector(
        settings.redis_url,
        queues=QUEUES,
        stream=DEFAULT_STREAM,
        heartbeats={name: heartbeat_key(name) for name in ("worker", "beat", "drain")},
        health_key=LAST_HEALTH,
        backup_key=LAST_BACKUP,
    )
    _add_routes(app)
    add_error_handlers(app)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, which needs no service and no settings."""
    app = FastAPI(generate_unique_id_function=operation_id)
    _add_routes(app)
    return app.openapi()


def _add_routes(app: FastAPI) -> None:
    for prefix in ("", "/api"):
        for module in _ROUTES:
            app.include_router(module.router, prefix=prefix, include_in_schema=not prefix)
    add_openapi(app, [module.router for module in _ROUTES])


def _middleware(settings: Settings) -> list[Middleware]:
    layers = [Middleware(RequestMiddleware, on_error=unexpected)]
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "PUT", "DELETE"],
                allow_headers=_REQUEST_HEADERS,
                expose_headers=_ANSWER_HEADERS,
            )
        )
    return [*layers, Middleware(HeadAsGet)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    feed: TaskFeed = app.state.task_feed
    await run_in_threadpool(services.start)
    await services.events.start()
    feed.start()

    def end() -> None:
        app.state.shutting_down = True
        feed.end()

    try:
        with told_of_the_end(end):
            yield
    finally:
        end()
        await feed.close()
        await services.events.close()
        await app.state.limiter.close()
        await run_in_threadpool(services.stop)
        app.state.redis_collector.close()
        app.state.activity.close()
