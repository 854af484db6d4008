"""/ui/: pages, files and compressed files of a built web UI, and nothing beside it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.contract.scraped import metric
from tests.integration.servers import RedisServer

PAGE = "<!doctype html><title>UI</title>"
SCRIPT = "console.log('sightglass');\n" * 100
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build as Angular leaves it, with a secret beside it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "secret.txt").write_text("secret")
    site = folder / "browser"
    (site / "media").mkdir(parents=True)
    (site / "index.html").write_text(PAGE)
    (site / "favicon.svg").write_text("<svg/>")
    (site / "main-ABCD2345.js").write_text(SCRIPT)
    (site / "main-ABCD2345.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (site / "main-ABCD2345.js.br").write_bytes(b"\x0b\x02\x80not really brotli\x03")
    (site / "styles-WXYZ2345.css").write_text("body { margin: 0 }")
    (site / "media" / "roboto-QRST2345.woff2").write_bytes(b"wOF2")
    (site / "outside.txt").symlink_to(folder / "secret.txt")
    return site


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, site: Path
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("api")
    metrics = folder / "metrics"
    metrics.mkdir()
    with ApiServer(
        folder, redis_server.url, ui_dir=site, prometheus_multiproc_dir=metrics
    ) as server:
        yield server


@pytest.fixture
def ui(server: ApiServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.mark.parametrize("path", ["", "history", "history/0199b2c4d5e67f8091a2b3c4d5e6f708", "a/"])
def test_addresses_of_pages_are_the_page(ui: httpx.Client, path: str) -> None:
    answer = ui.get(f"/ui/{path}")
    assert answer.status_code == 200
    assert answer.text == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_a_browser_gets_there_from_the_root(ui: httpx.Client) -> None:
    answer = ui.get("/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert (answer.url.path, answer.text) == ("/ui/", PAGE)
    answer = ui.get("/ui", follow_redirects=True)
    assert (answer.url.path, answer.text) == ("/ui/", PAGE)


@pytest.mark.parametrize(
    ("path", "media_type", "cached"),
    [
        ("main-ABCD2345.js", "text/javascript; charset=utf-8", FOR_EVER),
        ("styles-WXYZ2345.css", "text/css; charset=utf-8", FOR_EVER),
        ("media/roboto-QRST2345.woff2", "font/woff2", FOR_EVER),
        ("favicon.svg", "image/svg+xml", "no-cache"),
        ("index.html", "text/html; charset=utf-8", "no-cache"),
    ],
)
def test_files(ui: httpx.Client, site: Path, path: str, media_type: str, cached: str) -> None:
    answer = ui.get(f"/ui/{path}")
    assert answer.status_code == 200
    assert answer.content == (site / path).read_bytes()
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == cached
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["main-OLD12345.js", "media/gone.woff2", "a/b.css", "media/x.y"])
def test_missing_file_is_never_the_page(ui: httpx.Client, path: str) -> None:
    answer = ui.get(f"/ui/{path}", headers={"Accept": "text/html"})
    assert_problem(answer, 404, "route_not_found")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "media/../../secret.txt",
        "..%5csecret.txt",
        "%2fetc/hosts.txt",
        "outside.txt",
        "a%00.txt",
        "x" * 300 + ".txt",
    ],
)
def test_nothing_beside_the_folder_is_served(server: ApiServer, path: str) -> None:
    # A plain connection, as a client would tidy the path up.
    with server.client() as client:
        request = client.build_request("GET", "/ui/")
        request.url = request.url.copy_with(raw_path=f"/ui/{path}".encode())
        answer = client.send(request)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


@pytest.mark.parametrize(
    ("accepted", "encoding", "suffix"),
    [
        ("gzip, deflate, br, zstd", "br", ".br"),
        ("gzip", "gzip", ".gz"),
        ("GZIP;q=0.5, br; q=0", "gzip", ".gz"),
        ("br;q=0.0, identity", None, ""),
    ],
)
def test_compressed_neighbours(
    ui: httpx.Client, site: Path, accepted: str, encoding: str | None, suffix: str
) -> None:
    request = ui.build_request("GET", "/ui/main-ABCD2345.js", headers={"Accept-Encoding": accepted})
    answer = ui.send(request, stream=True)
    content = b"".join(answer.iter_raw())
    assert content == (site / f"main-ABCD2345.js{suffix}").read_bytes()
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == FOR_EVER


def test_head_is_get_without_the_body(ui: httpx.Client) -> None:
    for path in ("/ui/", "/ui/history", "/ui/main-ABCD2345.js"):
        head, get = ui.head(path), ui.get(path)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "cache-control"):
            assert head.headers[name] == get.headers[name]
    assert ui.head("/ui").status_code == 307


@pytest.mark.parametrize("path", ["/ui/history", "/ui/main-ABCD2345.js"])
def test_range_beyond_the_file_is_a_problem(ui: httpx.Client, path: str) -> None:
    size = len(ui.get(path).content)
    for asked in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=0-1,99999999-"):
        answer = ui.get(path, headers={"Range": asked})
        assert_problem(answer, 416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("asked", ["bytes", "lines=1-2", "bytes=-", "bytes=9-2", "bytes=a-b"])
def test_range_that_is_none_is_ignored(ui: httpx.Client, asked: str) -> None:
    whole = ui.get("/ui/main-ABCD2345.js")
    answer = ui.get("/ui/main-ABCD2345.js", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, whole.content)


def test_range_of_a_file(ui: httpx.Client) -> None:
    answer = ui.get("/ui/main-ABCD2345.js", headers={"Range": "bytes=0-6"})
    assert (answer.status_code, answer.text) == (206, "console")


def test_what_did_not_change_is_not_sent_again(ui: httpx.Client) -> None:
    for path in ("/ui/history", "/ui/main-ABCD2345.js"):
        first = ui.get(path)
        again = ui.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert again.headers["vary"] == "Accept-Encoding"
        # A browser would put it in place of the policy that the page came with.
        assert "content-security-policy" not in again.headers
    plain = ui.get("/ui/main-ABCD2345.js").headers["etag"]
    compressed = ui.get(
        "/ui/main-ABCD2345.js", headers={"Accept-Encoding": "gzip", "If-None-Match": plain}
    )
    assert compressed.status_code == 200


def test_only_reading_is_allowed(ui: httpx.Client) -> None:
    answer = ui.post("/ui/history")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


def test_one_endpoint_in_metrics_and_no_access_lines(server: ApiServer, ui: httpx.Client) -> None:
    def counted(status: str) -> float:
        return metric(ui, "http_requests_total", endpoint="/ui", method="GET", status=status)

    before = counted("200"), counted("404")
    ui.get("/ui/history/very-special")
    ui.get("/ui/favicon.svg")
    ui.get("/ui/gone.js")
    assert (counted("200"), counted("404")) == (before[0] + 2, before[1] + 1)
    assert "very-special" not in ui.get("/metrics").text
    lines = [line for line in server.log_lines() if line.get("path") == "/ui"]
    assert {line["status"] for line in lines} <= {404, 405, 416}


def test_not_under_api_and_the_api_still_answers(ui: httpx.Client) -> None:
    assert ui.get("/api/ui/").status_code == 404
    assert ui.get("/health/live").status_code == 200
    assert "/ui" not in ui.get("/openapi.json").json()["paths"]


def test_without_a_build_there_is_no_ui(tmp_path: Path, redis_server: RedisServer) -> None:
    server = ApiServer(tmp_path / "api", redis_server.url, ui_dir=tmp_path)
    with server, server.client() as client:
        assert client.get("/ui/").status_code == 404
        assert client.get("/ui").status_code == 404
        answer = client.get("/", headers={"Accept": "text/html"})
        assert answer.headers["location"] == "/docs"
