"""One Redis and one API process for all contract tests, and a second API with tight limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sightglass.jobs.task_store import TaskStore
from sightglass.predictions.history import History
from sightglass.settings import Settings
from sightglass.storage.database import create_engine
from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.integration.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("api"), redis_server.url) as server:
        yield server


@pytest.fixture(scope="session")
def tight_api(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer
) -> Iterator[ApiServer]:
    """Takes 20,000 bytes, waits one second for them, and lets one request wait."""
    server = ApiServer(
        tmp_path_factory.mktemp("tight"),
        redis_server.url,
        max_file_size=20_000,
        upload_timeout_seconds=1,
        queue_limit=1,
        inference_streams=1,
        cors_origins="https://ui.example",
    )
    with server:
        yield server


@pytest.fixture
def history(api: ApiServer) -> Iterator[History]:
    """The history of the API, for tests that play the drain."""
    settings = Settings(_env_file=None, state_dir=api.folder / "state")
    engine = create_engine(settings.resolved_database_url)
    yield History(engine)
    engine.dispose()


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client() as client:
        yield client


@pytest.fixture
def tight_client(tight_api: ApiServer) -> Iterator[httpx.Client]:
    with tight_api.client() as client:
        yield client


@pytest.fixture
def store(api: ApiServer, redis_server: RedisServer) -> Iterator[TaskStore]:
    """The states of the API's tasks, to play the worker with."""
    settings = Settings(
        _env_file=None, redis_url=redis_server.url, state_dir=Path(api.folder) / "state"
    )
    store = TaskStore.from_settings(settings)
    yield store
    store.close()


@pytest.fixture
def task_id(client: httpx.Client) -> str:
    answer = client.post("/process-image/async", files={"file": ("photo.jpg", encoded())})
    return str(answer.json()["task_id"])
