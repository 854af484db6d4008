"""Asks every service how it is: at once, and none for longer than half a second."""

from __future__ import annotations

import contextlib
import functools
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import orjson
import redis

from sightglass.jobs import names
from sightglass.jobs.connection import connect
from sightglass.observability import heartbeats
from sightglass.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

_ANSWER_SECONDS = 0.5
_PATIENCE_SECONDS = 0.8  # for all together: connecting and answering
_LEAST_FREE_BYTES = 64 << 20

Status = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service. `unknown`: what it is asked through is itself away, or it is not used yet."""

    status: Status
    detail: str = ""
    milliseconds: float = 0.0


class HealthChecks:
    """Keeps its connections between checks. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings.redis_url, answer_seconds=_ANSWER_SECONDS)
        self._http = httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False)
        self._checks: dict[str, Callable[[], ServiceHealth]] = {
            "redis": self._check_redis,
            "mlflow": self._check_mlflow,
            "database": self._check_database,
            "storage": self._check_storage,
            "worker": functools.partial(self._check_heartbeat, "worker"),
            "beat": functools.partial(self._check_heartbeat, "beat"),
            "drain": functools.partial(self._check_heartbeat, "drain"),
        }
        self._threads = ThreadPoolExecutor(len(self._checks), thread_name_prefix="health")

    def check_all(self) -> dict[str, ServiceHealth]:
        """The health of each service by its name."""
        until = time.monotonic() + _PATIENCE_SECONDS
        asked = {name: self._threads.submit(_timed, check) for name, check in self._checks.items()}
        return {name: _answer(future, until) for name, future in asked.items()}

    def publish(self, found: dict[str, ServiceHealth]) -> None:
        """Keep the answers in Redis, for the metric `service_up` and for who cannot ask."""
        kept_seconds = max(1, round(3 * self._settings.health_interval_seconds))
        fields = {name: asdict(health) for name, health in found.items()}
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.set(names.LAST_HEALTH, orjson.dumps(fields), ex=kept_seconds)

    def close(self) -> None:
        """Give back the connections."""
        self._threads.shutdown()
        self._redis.close()
        self._http.close()
        if "_engine" in self.__dict__:
            self._engine.dispose()

    # --- one each

    def _check_redis(self) -> ServiceHealth:
        try:
            self._redis.ping()
        except (redis.RedisError, OSError) as error:
            return ServiceHealth("down", f"no answer ({type(error).__name__})")
        return ServiceHealth("up")

    def _check_mlflow(self) -> ServiceHealth:
        try:
            answer = self._http.get(f"{self._settings.mlflow_tracking_uri}/health")
        except httpx.HTTPError as error:
            return ServiceHealth("down", f"no answer ({type(error).__name__})")
        if answer.status_code != 200:
            return ServiceHealth("down", f"answers with status {answer.status_code}")
        return ServiceHealth("up")

    def _check_database(self) -> ServiceHealth:
        engine = self._engine
        if engine.dialect.name == "sqlite" and not _sqlite_exists(engine.url.database):
            return ServiceHealth("unknown", "there is no history yet")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except Exception as error:  # each driver has errors of its own
            return ServiceHealth("down", f"no answer ({type(error).__name__})")
        return ServiceHealth("up")

    def _check_storage(self) -> ServiceHealth:
        for folder in (self._settings.resolved_blob_dir, self._settings.resolved_spool_dir):
            free = shutil.disk_usage(_existing(folder)).free
            if free < _LEAST_FREE_BYTES:
                return ServiceHealth("down", f"only {free >> 20} MiB are free")
        return ServiceHealth("up")

    def _check_heartbeat(self, name: str) -> ServiceHealth:
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                heartbeats.ask(pipeline, [names.heartbeat_key(name)])
                (signs,) = heartbeats.understand(pipeline.execute())
        except (redis.RedisError, OSError):
            return ServiceHealth("unknown", "Redis is away")
        return ServiceHealth("up") if signs.alive else ServiceHealth("down", "no sign of life")

    @functools.cached_property
    def _engine(self) -> Engine:
        from sightglass.storage.database import create_engine

        return create_engine(self._settings.resolved_database_url)


def check_all(settings: Settings) -> dict[str, ServiceHealth]:
    """The health of each service by its name; connections are kept for the next time."""
    return _checks_of(settings).check_all()


@functools.lru_cache(maxsize=4)
def _checks_of(settings: Settings) -> HealthChecks:
    return HealthChecks(settings)


def _timed(check: Callable[[], ServiceHealth]) -> ServiceHealth:
    started = time.perf_counter()
    health = check()
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    return ServiceHealth(health.status, health.detail, milliseconds)


def _answer(future: Future[ServiceHealth], until: float) -> ServiceHealth:
    try:
        return future.result(max(0.0, until - time.monotonic()))
    except TimeoutError:
        return ServiceHealth("down", "no answer in time", _PATIENCE_SECONDS * 1000)
    except Exception as error:  # health is asked for when things are broken: always answer
        return ServiceHealth("down", type(error).__name__)


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _sqlite_exists(database: str | None) -> bool:
    return database in (None, "", ":memory:") or Path(str(database)).exists()
