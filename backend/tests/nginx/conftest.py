"""One API that takes files as large as one picture, and both kinds of front door before it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.integration.servers import RedisServer
from tests.nginx.nginx_server import NginxServer

PICTURE = encoded()
MAIN_SCRIPT = "console.log('the user interface');\n" * 40


@pytest.fixture(scope="session")
def ui_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build of the user interface leaves: a page, hashed files, compressed neighbours."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / "index.html").write_text("<!doctype html><title>Sightglass</title>\n")
    (folder / "favicon.ico").write_bytes(b"\0\0\1\0")
    (folder / "main-ABCDEFGH.js").write_text(MAIN_SCRIPT)
    (folder / "main-ABCDEFGH.js.gz").write_bytes(gzip.compress(MAIN_SCRIPT.encode(), mtime=0))
    (folder / "media").mkdir()
    (folder / "media" / "roboto.woff2").write_bytes(b"wOF2")
    return folder


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("api")
    with ApiServer(folder, redis_server.url, max_file_size=len(PICTURE)) as server:
        yield server


@pytest.fixture(scope="session")
def front(
    tmp_path_factory: pytest.TempPathFactory, api: ApiServer, ui_dir: Path
) -> Iterator[NginxServer]:
    """Plain HTTP, as in development."""
    folder = tmp_path_factory.mktemp("front")
    with NginxServer(folder, "dev", api.port, ui_dir, max_file_size=len(PICTURE)) as server:
        yield server


@pytest.fixture(scope="session")
def prod_front(
    tmp_path_factory: pytest.TempPathFactory, api: ApiServer, ui_dir: Path
) -> Iterator[NginxServer]:
    """TLS, as in production."""
    folder = tmp_path_factory.mktemp("prod")
    with NginxServer(folder, "prod", api.port, ui_dir, max_file_size=len(PICTURE)) as server:
        yield server


@pytest.fixture
def client(front: NginxServer) -> Iterator[httpx.Client]:
    with front.client() as client:
        yield client
