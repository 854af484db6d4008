"""The built user interface: deep links, missing files, caches, compression."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.nginx.conftest import MAIN_SCRIPT
from tests.nginx.nginx_server import NginxServer
from tests.nginx.raw_server import RawServer, say_hello

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, ui_dir: Path) -> Iterator[httpx.Client]:
    """No API is there: the files need none."""
    folder = tmp_path_factory.mktemp("files")
    with NginxServer(folder, "dev", 9, ui_dir) as server, server.client() as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/ui/", "/ui/index.html", "/ui/history", "/ui/history/0199c3aa?tab=image"]
)
def test_a_deep_link_is_the_page(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<title>Sightglass</title>" in answer.text


def test_the_page_is_asked_for_again_and_not_sent_again(client: httpx.Client) -> None:
    seen = client.get("/ui/").headers["etag"]
    assert client.get("/ui/", headers={"if-none-match": seen}).status_code == 304


def test_without_the_slash(client: httpx.Client) -> None:
    answer = client.get("/ui")
    assert (answer.status_code, answer.headers["location"]) == (308, "/ui/")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/ui/main-ABCDEFGH.js", "text/javascript; charset=utf-8"),
        ("/ui/media/roboto.woff2", "font/woff2"),
    ],
)
def test_a_hashed_file_is_kept_for_ever(client: httpx.Client, path: str, media_type: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == FOR_EVER
    assert answer.headers["content-type"] == media_type


def test_a_file_without_a_hash_is_asked_for_again(client: httpx.Client) -> None:
    answer = client.get("/ui/favicon.ico")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/ui/main-MISSING1.js", "/ui/history/main-ABCDEFGH.js", "/ui/nothing.json"]
)
def test_a_missing_file_is_404_and_not_the_page(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Sightglass" not in answer.text
    assert "cache-control" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/ui/../nginx.conf", "/ui/..%2fnginx.conf", "/ui/%2e%2e/x.conf"])
def test_nothing_outside_the_folder(client: httpx.Client, path: str) -> None:
    url = httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode())
    assert client.get(url).status_code in {400, 404, 502}


def test_the_compressed_neighbour_is_sent(client: httpx.Client, ui_dir: Path) -> None:
    neighbour = ui_dir / "main-ABCDEFGH.js.gz"
    assert neighbour.read_bytes() != gzip.compress(MAIN_SCRIPT.encode(), 2, mtime=0)
    with client.stream(
        "GET", "/ui/main-ABCDEFGH.js", headers={"accept-encoding": "gzip, br"}
    ) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == FOR_EVER
        assert b"".join(answer.iter_raw()) == neighbour.read_bytes()
    plain = client.get("/ui/main-ABCDEFGH.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == MAIN_SCRIPT


def test_development_takes_the_pages_from_ng_serve(tmp_path: Path, ui_dir: Path) -> None:
    with (
        RawServer(say_hello) as ng_serve,
        NginxServer(tmp_path, "dev", 9, ui_dir, ng_serve=f"127.0.0.1:{ng_serve.port}") as front,
        front.client() as client,
    ):
        assert client.get("/ui/history").text == "hello"
        client.get("/ui/", headers={"connection": "upgrade", "upgrade": "websocket"})
    first, second = ng_serve.heads
    assert first.startswith("GET /ui/history HTTP/1.1\r\n")
    assert "Upgrade: websocket" in second
    assert "Connection: upgrade" in second


def test_production_never_asks_ng_serve(tmp_path: Path, ui_dir: Path) -> None:
    with (
        RawServer(say_hello) as ng_serve,
        NginxServer(tmp_path, "prod", 9, ui_dir, ng_serve=f"127.0.0.1:{ng_serve.port}") as front,
        front.client() as client,
    ):
        assert "<title>Sightglass</title>" in client.get("/ui/").text
    assert ng_serve.heads == []
