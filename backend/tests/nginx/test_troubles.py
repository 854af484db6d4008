"""When the API is away, slow or dies over a request, and when a client asks for too much."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import httpx
import psutil
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.integration.servers import RedisServer
from tests.nginx.nginx_server import NginxServer
from tests.nginx.raw_server import RawServer, hang_up, say_hello

EVENTS = ["/tasks/events", "/api/tasks/events"]


def test_an_absent_api_is_said_so_and_its_return_is_noticed(
    tmp_path: Path, redis_server: RedisServer, ui_dir: Path
) -> None:
    api = ApiServer(tmp_path / "api", redis_server.url)
    with (
        NginxServer(tmp_path / "front", "dev", api.port, ui_dir) as front,
        front.client() as client,
    ):
        answer = client.post("/api/process-image", content=b"x")
        assert_problem(answer, 502, "upstream_unavailable")
        assert answer.headers["retry-after"] == "2"
        assert client.get("/ui/").status_code == 200, "the pages do not need it"
        with api:
            assert client.get("/health/live").status_code == 200
            api.kill()
            assert_problem(client.get("/health/live"), 502, "upstream_unavailable")
            api.start()
            assert client.get("/health/live").status_code == 200


def test_killed_and_started_again(tmp_path: Path, api: ApiServer, ui_dir: Path) -> None:
    """Nothing answers in between, and nothing that it left keeps it from starting."""
    with NginxServer(tmp_path, "dev", api.port, ui_dir) as front, front.client() as client:
        assert client.get("/health/live").status_code == 200
        front.kill()
        with pytest.raises(httpx.TransportError):
            client.get("/health/live")
        front.start()
        assert client.get("/health/live").status_code == 200


def test_an_api_that_does_not_answer(tmp_path: Path, ui_dir: Path) -> None:
    finished = threading.Event()
    with (
        RawServer(lambda _: _wait(finished)) as frozen,
        NginxServer(tmp_path, "dev", frozen.port, ui_dir, api_read_timeout_seconds=1) as front,
        front.client() as client,
    ):
        answer = client.get("/model/info")
        assert_problem(answer, 504, "upstream_timeout")
        assert answer.headers["retry-after"] == "2"
        assert answer.json()["instance"] == "/model/info"
        finished.set()


def _wait(event: threading.Event) -> None:
    event.wait(60)


@pytest.mark.parametrize(("method", "status", "received"), [("POST", 502, 1), ("GET", 200, 2)])
def test_only_what_may_be_repeated_is_sent_to_another_server(
    method: str, status: int, received: int, tmp_path: Path, ui_dir: Path
) -> None:
    replies: list[Callable[[socket.socket], None]] = [say_hello, hang_up]

    def first_hang_up(connection: socket.socket) -> None:
        replies.pop()(connection)

    with RawServer(first_hang_up) as one, RawServer(first_hang_up) as other:
        servers = f"127.0.0.1:{one.port}, 127.0.0.1:{other.port}"
        with (
            NginxServer(tmp_path, "dev", 9, ui_dir, api_servers=servers) as front,
            front.client() as client,
        ):
            answer = client.request(method, "/process-image", content=b"x")
    assert answer.status_code == status, answer.text
    assert len(one.heads) + len(other.heads) == received


def test_a_server_that_is_away_is_passed_over_even_by_a_post(tmp_path: Path, ui_dir: Path) -> None:
    with RawServer(say_hello) as only:
        servers = f"127.0.0.1:9 127.0.0.1:{only.port}"
        with (
            NginxServer(tmp_path, "dev", 9, ui_dir, api_servers=servers) as front,
            front.client() as client,
        ):
            answers = [client.post("/process-image", content=b"x") for _ in range(6)]
    assert [answer.text for answer in answers] == ["hello"] * 6
    assert len(only.heads) == 6


def test_the_api_learns_of_a_client_that_left(tmp_path: Path, ui_dir: Path) -> None:
    asked, left = threading.Event(), threading.Event()

    def wait_for_the_end(connection: socket.socket) -> None:
        asked.set()
        connection.settimeout(20)
        if connection.recv(1) == b"":
            left.set()

    with (
        RawServer(wait_for_the_end) as api,
        NginxServer(tmp_path, "dev", api.port, ui_dir) as front,
    ):
        with socket.create_connection(("127.0.0.1", front.port)) as connection:
            connection.sendall(b"GET /task/x?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert asked.wait(20)
        assert left.wait(20)


def test_connections_to_the_api_are_kept(tmp_path: Path, api: ApiServer, ui_dir: Path) -> None:
    with NginxServer(tmp_path, "dev", api.port, ui_dir) as front, front.client() as client:
        client.get("/health/live")
        before = _connections(api)
        for _ in range(20):
            client.get("/health/live")
        assert before
        assert before <= _connections(api)


def _connections(api: ApiServer) -> set[int]:
    """The ports from which someone is connected to the API."""
    found = psutil.Process(api.pid).net_connections(kind="tcp")
    return {c.raddr.port for c in found if c.raddr and c.laddr.port == api.port}


# --- too much ----------------------------------------------------------------------------


def test_too_many_writes_are_refused_and_reading_is_free(
    tmp_path: Path, api: ApiServer, ui_dir: Path
) -> None:
    limits = {"rate_limit_per_second": 1, "rate_limit_burst": 2}
    with (
        NginxServer(tmp_path, "dev", api.port, ui_dir, **limits) as front,
        front.client() as client,
        front.client(local_address="127.0.0.2") as other,
    ):
        answers = [client.post("/no/such") for _ in range(8)]
        assert [answer.status_code for answer in answers[:3]] == [404] * 3
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert_problem(refused[0], 429, "rate_limited")
        assert refused[0].headers["retry-after"] == "1"
        assert [client.get("/health/live").status_code for _ in range(8)] == [200] * 8
        assert other.post("/no/such").status_code == 404, "another client is not held back"


def test_a_client_has_so_many_uploads_at_once(tmp_path: Path, ui_dir: Path) -> None:
    finished = threading.Event()

    def hold(connection: socket.socket) -> None:
        finished.wait(60)
        say_hello(connection)

    with (
        RawServer(hold) as api,
        NginxServer(tmp_path, "dev", api.port, ui_dir, uploads_per_client=2) as front,
        front.client() as client,
        ThreadPoolExecutor(5) as pool,
    ):
        sent = [pool.submit(client.post, "/process-image") for _ in range(5)]
        # Two are held, so the other three must come back first.
        refused = [future.result() for _, future in zip(range(3), as_completed(sent), strict=False)]
        finished.set()
        answers = [future.result() for future in sent]
    for answer in refused:
        assert_problem(answer, 429, "rate_limited")
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429]


# --- server-sent events ------------------------------------------------------------------


@pytest.mark.parametrize("path", EVENTS)
def test_events_arrive_at_once(client: httpx.Client, path: str) -> None:
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    with client.stream("GET", path, headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        assert "event: reset" in answer.iter_lines(), "it ended without one"


def test_events_are_not_gathered_even_if_the_api_does_not_ask_for_it(
    tmp_path: Path, ui_dir: Path
) -> None:
    seen = threading.Event()

    def send_one_event(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            b"event: reset\n\n"
        )
        seen.wait(60)

    with (
        RawServer(send_one_event) as api,
        NginxServer(tmp_path, "dev", api.port, ui_dir) as front,
        front.client(timeout=10) as client,
        client.stream("GET", EVENTS[0]) as answer,
    ):
        assert next(answer.iter_lines()) == "event: reset"
        seen.set()


def test_a_client_has_so_many_event_streams(tmp_path: Path, api: ApiServer, ui_dir: Path) -> None:
    with (
        NginxServer(tmp_path, "dev", api.port, ui_dir, event_streams_per_client=1) as front,
        front.client() as client,
        client.stream("GET", EVENTS[0]) as open_stream,
    ):
        assert open_stream.status_code == 200
        assert_problem(client.get(EVENTS[1]), 429, "rate_limited")
        assert client.get("/health/live").status_code == 200
