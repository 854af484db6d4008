"""Headers through the front door: each safe one once, request ids, compression, who is private."""

from __future__ import annotations

import gzip
import re
import socket
import ssl

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.nginx.nginx_server import NginxServer

SAFE_HEADERS = (
    *("x-content-type-options", "x-frame-options", "referrer-policy", "permissions-policy"),
    *("cross-origin-opener-policy", "content-security-policy"),
)
TOO_LARGE = b"x" * 2_000_000


def request(client: httpx.Client, path: str) -> httpx.Response:
    """A GET, or for `413` a body that nginx refuses."""
    if path == "413":
        return client.post("/process-image", content=TOO_LARGE)
    return client.get(path)


@pytest.mark.parametrize("path", ["/health", "/api/docs", "/no/such", "/ui/", "/ui/x.js", "413"])
def test_each_safe_header_once_and_like_those_of_the_api(
    prod_front: NginxServer, api: ApiServer, path: str
) -> None:
    with prod_front.client() as client:
        headers = request(client, path).headers
    with api.client() as direct:
        same = direct.get("/health").headers
    for name in SAFE_HEADERS:
        assert len(headers.get_list(name)) == 1, name
        if name != "content-security-policy":
            assert headers[name] == same[name]
    assert headers.get_list("strict-transport-security") == ["max-age=31536000"]
    assert headers["server"] == "nginx", "the version is nobody's business"


def test_the_policy_of_the_pages_is_that_of_the_api_with_fonts(prod_front: NginxServer) -> None:
    with prod_front.client() as client:
        page = client.get("/ui/").headers["content-security-policy"]
        docs = client.get("/docs").headers["content-security-policy"]
    assert page == f"{docs}; font-src 'self' data:"


def test_the_policy_of_a_refusal_is_that_of_the_api(client: httpx.Client) -> None:
    answer = request(client, "413")
    same = client.get("/health").headers
    assert answer.headers["content-security-policy"] == same["content-security-policy"]
    assert answer.headers["cache-control"] == same["cache-control"]


def test_no_strict_transport_over_plain_http(client: httpx.Client) -> None:
    assert "strict-transport-security" not in client.get("/health").headers
    assert "strict-transport-security" not in client.get("/ui/").headers


# --- request ids -------------------------------------------------------------------------


def test_a_request_without_an_id_gets_one(client: httpx.Client, front: NginxServer) -> None:
    answer = client.get("/no/such")
    assert_problem(answer, 404, "route_not_found")
    (given,) = answer.headers.get_list("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", given)
    assert f'"request_id":"{given}"' in (front.folder / "access.log").read_text()


@pytest.mark.parametrize("path", ["/health", "413"])
def test_a_sane_id_is_passed_on(client: httpx.Client, path: str) -> None:
    client.headers["x-request-id"] = "My.request_1-" + "x" * 100
    answer = request(client, path)
    assert answer.headers.get_list("x-request-id") == [client.headers["x-request-id"]]


@pytest.mark.parametrize("path", ["/health", "413"])
@pytest.mark.parametrize("sent", ["../x", 'a"b', "a b", "x" * 129, "é", ""])
def test_an_odd_id_is_replaced(client: httpx.Client, path: str, sent: str) -> None:
    client.headers = httpx.Headers({"x-request-id": sent}, encoding="utf-8")
    answer = request(client, path)
    (given,) = answer.headers.get_list("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", given)


def test_a_path_cannot_break_out_of_the_problem(client: httpx.Client, front: NginxServer) -> None:
    head = 'POST /a","x":"{0} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n'
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(head.encode())
        answer = b""
        while not answer.endswith(b"}"):
            received = connection.recv(65536)
            assert received, answer
            answer += received
    assert b'"instance":"/"}' in answer


# --- what the API is told ----------------------------------------------------------------


def test_the_api_hears_of_the_client_and_not_of_what_it_claims(prod_front: NginxServer) -> None:
    with prod_front.client() as client:
        answer = client.get(
            "/health/", headers={"x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "gopher"}
        )
        log = (prod_front.folder / "access.log").read_text()
    # The API's redirect names the address that the client used: scheme, host and port.
    assert answer.headers["location"] == f"{prod_front.url}/health"
    assert '"client":"127.0.0.1"' in log
    assert "6.6.6.6" not in log


def test_a_browser_at_the_root_is_sent_on(client: httpx.Client) -> None:
    answer = client.get("/", headers={"accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/ui/")
    assert client.get("/").json()["name"] == "Sightglass"


def test_json_is_compressed(client: httpx.Client) -> None:
    with client.stream("GET", "/openapi.json", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert b'"openapi"' in gzip.decompress(b"".join(answer.iter_raw()))


# --- production --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/process-image?annotate=true", "/ui/", "/metrics"])
def test_plain_http_is_sent_to_tls(prod_front: NginxServer, path: str) -> None:
    answer = httpx.post(f"{prod_front.http_url}{path}", content=b"x", trust_env=False)
    assert answer.status_code == 308, "a POST stays a POST"
    assert answer.headers["location"] == f"{prod_front.url}{path}"


def test_plain_http_at_the_tls_port_is_sent_to_tls(prod_front: NginxServer) -> None:
    answer = httpx.get(f"http://127.0.0.1:{prod_front.port}/ui/x", trust_env=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{prod_front.url}/ui/x"


def test_the_certificate_authority_is_answered_in_plain(prod_front: NginxServer) -> None:
    challenge = prod_front.folder / "acme" / ".well-known" / "acme-challenge" / "token"
    challenge.parent.mkdir(parents=True, exist_ok=True)
    challenge.write_text("proof")
    url = f"{prod_front.http_url}/.well-known/acme-challenge/"
    assert httpx.get(url + "token", trust_env=False).text == "proof"
    assert httpx.get(url + "other", trust_env=False).status_code == 404


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_tls_and_http2(prod_front: NginxServer, version: ssl.TLSVersion) -> None:
    context = prod_front.tls_context()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", prod_front.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        assert secure.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("path", ["/metrics", "/api/metrics", "//metrics", "/x/../metrics"])
def test_metrics_are_not_public(prod_front: NginxServer, path: str) -> None:
    with prod_front.client(local_address="127.0.0.2") as stranger:
        url = httpx.URL(prod_front.url).copy_with(raw_path=path.encode())
        answer = stranger.get(url)
        assert_problem(answer, 403, "forbidden")
        assert stranger.get("/health").status_code == 200


def test_metrics_for_those_who_may(prod_front: NginxServer, client: httpx.Client) -> None:
    with prod_front.client() as own:
        assert "http_requests_total" in own.get("/metrics").text
    assert "http_requests_total" in client.get("/api/metrics").text, "anyone, in development"
