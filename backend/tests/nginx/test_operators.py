"""The pages of the operators: who may enter, what their services hear, and what happens without."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.problems import assert_problem
from tests.integration.servers import free_port
from tests.nginx.nginx_server import NginxServer
from tests.nginx.raw_server import RawServer, say_hello
from tests.nginx.test_render import render

PASSWORD = "Vq7-tRk2_nH9.wZx4"
PAGES = ("mlflow", "grafana", "prometheus", "alertmanager", "flower")
LOGIN = ("operator", PASSWORD)


@pytest.fixture(scope="module")
def service() -> Iterator[RawServer]:
    """Stands for each of them: it keeps what it was asked."""
    with RawServer(say_hello) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, service: RawServer, ui_dir: Path
) -> Iterator[NginxServer]:
    """TLS, every page, and no API: nothing listens at its port."""
    folder = tmp_path_factory.mktemp("guarded")
    upstreams = {f"{page}_upstream": f"127.0.0.1:{service.port}" for page in PAGES}
    with NginxServer(
        folder, "prod", free_port(), ui_dir, operator_password=PASSWORD, **upstreams
    ) as server:
        yield server


@pytest.fixture
def visitor(guarded: NginxServer) -> Iterator[httpx.Client]:
    with guarded.client() as client:
        yield client


def heard(service: RawServer) -> dict[str, str]:
    """The head of the last request: its line under "", and its headers in small letters."""
    line, *headers = service.heads[-1].split("\r\n")
    pairs = (header.split(": ", 1) for header in headers)
    return {"": line, **{pair[0].lower(): pair[-1] for pair in pairs}}


@pytest.mark.parametrize("page", PAGES)
def test_a_password_opens_it_without_the_api(page: str, visitor: httpx.Client) -> None:
    for wrong in (None, ("operator", "wrong"), ("somebody", PASSWORD), ("", "")):
        answer = visitor.get(f"/{page}/", auth=wrong)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    answer = visitor.get(f"/{page}/", auth=LOGIN)
    assert (answer.status_code, answer.text) == (200, "hello")
    assert visitor.get(f"/{page}").headers["location"] == f"/{page}/"
    assert_problem(visitor.get("/health/live"), 502, "upstream_unavailable")


@pytest.mark.parametrize(
    ("page", "asked", "passed_on"),
    [
        ("mlflow", "/mlflow/ajax-api/2.0/x?a=b%20c", "/ajax-api/2.0/x?a=b%20c"),
        ("mlflow", "/mlflow/", "/"),
        ("grafana", "/grafana/api/live/ws?x=1", "/grafana/api/live/ws?x=1"),
        ("prometheus", "/prometheus/api/v1/query?query=up", "/prometheus/api/v1/query?query=up"),
        ("flower", "/flower/static/a%2Fb.css", "/flower/static/a%2Fb.css"),
    ],
)
def test_the_service_is_asked_for_its_own_path(
    page: str, asked: str, passed_on: str, visitor: httpx.Client, service: RawServer
) -> None:
    visitor.get(asked, auth=LOGIN)
    assert heard(service)[""] == f"GET {passed_on} HTTP/1.1", page


def test_the_password_ends_at_nginx(visitor: httpx.Client, service: RawServer) -> None:
    claims = {"X-WEBAUTH-USER": "admin", "X-Forwarded-For": "10.0.0.1"}
    visitor.get("/grafana/", auth=LOGIN, headers=claims)
    head = heard(service)
    assert "authorization" not in head
    assert head["x-webauth-user"] == "operator"
    assert head["x-forwarded-for"] == "127.0.0.1"
    assert head["host"] == visitor.base_url.netloc.decode()


def test_mlflow_is_called_by_the_name_it_knows(visitor: httpx.Client, service: RawServer) -> None:
    own = str(visitor.base_url).rstrip("/")
    visitor.post("/mlflow/ajax-api/x", auth=LOGIN, headers={"Origin": own}, content=b"{}")
    head = heard(service)
    assert head["host"] == f"127.0.0.1:{service.port}"
    assert "origin" not in head


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://127.0.0.1:1"])
def test_pages_of_other_sites_change_nothing(
    origin: str, visitor: httpx.Client, service: RawServer
) -> None:
    before = len(service.heads)
    for page in PAGES:
        answer = visitor.post(f"/{page}/x", auth=LOGIN, headers={"Origin": origin})
        assert_problem(answer, 403, "forbidden")
        assert "another site" in answer.json()["detail"]
    assert len(service.heads) == before
    assert visitor.get("/mlflow/x", auth=LOGIN, headers={"Origin": origin}).status_code == 200
    assert visitor.post("/mlflow/x", auth=LOGIN).status_code == 200, "programs send no Origin"


def test_pages_may_ask_no_other_host(visitor: httpx.Client) -> None:
    headers = visitor.get("/mlflow/", auth=LOGIN).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["strict-transport-security"].startswith("max-age=")


def test_a_route_of_the_api_stays_one(visitor: httpx.Client, service: RawServer) -> None:
    before = len(service.heads)
    answer = visitor.get("/mlflow/runs")
    assert_problem(answer, 502, "upstream_unavailable")
    assert "The API" in answer.json()["detail"]
    assert len(service.heads) == before, "MLflow was not asked"


def test_nginx_starts_without_them_and_says_who_is_away(tmp_path: Path, ui_dir: Path) -> None:
    upstreams = {
        "grafana_upstream": "no-such-host.invalid:3000",
        "mlflow_upstream": f"127.0.0.1:{free_port()}",
    }
    with (
        NginxServer(
            tmp_path,
            "prod",
            free_port(),
            ui_dir,
            operator_password=PASSWORD,
            # Nobody answers there: a name server that is away must not hold up anything either.
            nginx_resolvers="127.0.0.1:1",
            **upstreams,
        ) as server,
        server.client() as client,
    ):
        for page, name in (("grafana", "Grafana"), ("mlflow", "MLflow")):
            answer = client.get(f"/{page}/", auth=LOGIN)
            assert_problem(answer, 502, "upstream_unavailable")
            assert answer.json()["detail"] == f"{name} cannot be reached."
        assert client.get("/ui/").status_code == 200
        assert_problem(client.get("/prometheus/"), 502, "upstream_unavailable")


def test_guessing_is_slowed_down(tmp_path: Path, service: RawServer, ui_dir: Path) -> None:
    with (
        NginxServer(
            tmp_path,
            "prod",
            free_port(),
            ui_dir,
            operator_password=PASSWORD,
            operator_rate_per_second=1,
            operator_burst=5,
            mlflow_upstream=f"127.0.0.1:{service.port}",
        ) as server,
        server.client() as client,
    ):
        answers = [client.get("/mlflow/", auth=("operator", str(n))) for n in range(20)]
        assert {answer.status_code for answer in answers} == {401, 429}
        assert_problem(client.get("/mlflow/", auth=LOGIN), 429, "rate_limited")
        assert client.get("/ui/").status_code == 200, "others are not counted"


def test_the_password_is_not_on_the_disk(guarded: NginxServer) -> None:
    path = guarded.folder / "operators.htpasswd"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("operator:{SSHA}")
    texts = [p.read_text() for p in guarded.folder.rglob("*") if p.suffix in (".conf", ".htpasswd")]
    assert not any(PASSWORD in text for text in texts)


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({}, "OPERATOR_PASSWORD is not set"),
        ({"OPERATOR_PASSWORD": "short"}, "OPERATOR_PASSWORD must have 16 characters"),
        ({"OPERATOR_PASSWORD": "please-change-me-now"}, "OPERATOR_PASSWORD is a placeholder"),
        ({"OPERATOR_PASSWORD": PASSWORD, "OPERATOR_USER": "a:b"}, "OPERATOR_USER"),
        ({"OPERATOR_PASSWORD": PASSWORD, "GRAFANA_UPSTREAM": "grafana"}, "GRAFANA_UPSTREAM"),
        ({"OPERATOR_PASSWORD": PASSWORD, "FLOWER_UPSTREAM": "a:1; evil"}, "FLOWER_UPSTREAM"),
    ],
)
def test_what_would_be_unsafe_is_refused(
    variables: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    done = render("prod", tmp_path, MLFLOW_UPSTREAM="mlflow:5000", **variables)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert variables.get("OPERATOR_PASSWORD", "-") not in done.stderr


def test_without_addresses_there_are_no_pages(tmp_path: Path) -> None:
    assert render("prod", tmp_path).returncode == 0
    text = (tmp_path / "conf.d" / "servers" / "prod.conf").read_text()
    assert "operator" not in text
    assert not (tmp_path / "operators.htpasswd").exists()


def test_connections_are_counted_on_a_port_of_their_own(tmp_path: Path, ui_dir: Path) -> None:
    port = free_port()
    with NginxServer(tmp_path, "prod", free_port(), ui_dir, nginx_status_port=port) as server:
        text = httpx.get(f"http://127.0.0.1:{port}/stub_status", trust_env=False).text
        assert text.startswith("Active connections:")
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).text == "ok\n"
        with server.client() as client:
            assert client.get("/stub_status").status_code == 502, "that is a path of the API"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.22.1", "server backend:8000 max_fails=2 fail_timeout=2s;"),
        ("1.30.5", "server backend:8000 max_fails=2 fail_timeout=2s resolve;"),
    ],
)
def test_a_newer_nginx_looks_the_api_up_again(version: str, expected: str, tmp_path: Path) -> None:
    """Only the text: Debian's nginx is an old one. The old one starts with its own, above."""
    program = tmp_path / "bin" / "nginx"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "nginx version: nginx/{version}" >&2\n')
    program.chmod(0o755)
    path = subprocess.run(["sh", "-c", "echo $PATH"], capture_output=True, text=True).stdout.strip()
    done = render(
        *("prod", tmp_path / "out"),
        PATH=f"{program.parent}:{path}",
        API_SERVERS="backend:8000",
        NGINX_RESOLVERS="127.0.0.11",
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "conf.d" / "default.conf").read_text()
    assert expected in text
    assert ("resolver 127.0.0.11 valid=5s;" in text) == (version == "1.30.5")
