"""The client of the load generator against a real server."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sightglass.benchmark.client import Connection, Reply, get_request, multipart_request
from sightglass.intake import IntakeLimits
from sightglass.intake.bodies import parse_multipart
from sightglass.settings import Settings
from tests.unit.benchmark.street_server import StreetServer


async def _exchange(port: int, *requests: bytes) -> list[Reply]:
    connection = Connection("127.0.0.1", port)
    try:
        return [await connection.request(data) for data in requests]
    finally:
        connection.close()


def test_several_requests_share_one_connection(server: StreetServer) -> None:
    image = bytes(range(256)) * 2000
    posts = [multipart_request("/ok", image)] * 3
    replies = asyncio.run(_exchange(server.port, *posts, get_request("/absent")))
    assert [reply.status for reply in replies] == [200, 200, 200, 404]
    assert replies[0].body == b'{"success":true}'
    assert server.connections == 1
    assert all(image in body for body in server.bodies[:3])


def test_the_multipart_body_is_read_by_the_platforms_own_parser(server: StreetServer) -> None:
    image = b"\xff\xd8 an image \r\n--not-the-boundary\r\n \xff\xd9"
    asyncio.run(_exchange(server.port, multipart_request("/ok", image, {"X-Extra": "1"})))
    head = server.heads[0]
    content_type = next(
        line.split(": ", 1)[1] for line in head.split("\r\n") if line.startswith("Content-Type")
    )
    limits = IntakeLimits.from_settings(Settings(_env_file=None))
    upload = parse_multipart(server.bodies[0], content_type, limits)
    assert upload.data == image
    assert upload.filename == "photo.jpg"
    assert "X-Extra: 1" in head


def test_answer_in_pieces(server: StreetServer) -> None:
    (reply,) = asyncio.run(_exchange(server.port, get_request("/split")))
    assert reply.body == b"x" * 50


def test_refused_before_the_body_was_read(server: StreetServer) -> None:
    large = multipart_request("/refuse", bytes(8_000_000))
    replies = asyncio.run(_exchange(server.port, large, get_request("/ok")))
    assert [reply.status for reply in replies] == [503, 200]
    assert replies[0].header("Retry-After") == "2"
    assert replies[1].header("Retry-After") is None
    assert server.connections == 2


def test_server_hangs_up(server: StreetServer) -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(_exchange(server.port, get_request("/hang-up")))


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionError):
            asyncio.run(_exchange(reserved.getsockname()[1], get_request("/ok")))
