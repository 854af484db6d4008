"""Images through the front door: exactly as large ones as the API takes, and no larger."""

from __future__ import annotations

import base64
import re
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.nginx.conftest import PICTURE
from tests.nginx.nginx_server import NginxServer

_JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def largest_body(front: NginxServer) -> int:
    text = (front.folder / "conf.d" / "snippets" / "common.conf").read_text()
    found = re.search(r"client_max_body_size (\d+);", text)
    assert found
    return int(found[1])


def json_body(size: int) -> bytes:
    """A picture of MAX_FILE_SIZE as JSON, filled up with blanks."""
    return (b'{"image": "%s"}' % base64.b64encode(PICTURE)).ljust(size)


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_multipart_of_the_largest_file(client: httpx.Client, prefix: str) -> None:
    answer = client.post(f"{prefix}/process-image", files={"file": ("photo.jpg", PICTURE)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True


def test_base64_of_the_largest_file_with_line_breaks(client: httpx.Client) -> None:
    body = {"image": base64.encodebytes(PICTURE).decode()}
    answer = client.post("/process-image", json=body)
    assert answer.status_code == 200, answer.text


def test_queued_under_the_prefix(client: httpx.Client) -> None:
    answer = client.post("/api/process-image/async", files={"file": ("photo.jpg", PICTURE)})
    assert answer.status_code == 202
    assert answer.headers["location"].startswith("/api/task/")
    assert client.get(answer.headers["location"]).json()["status"] == "queued"


def test_a_file_one_byte_larger_is_refused_by_the_api(client: httpx.Client) -> None:
    answer = client.post("/process-image", files={"file": ("photo.jpg", PICTURE + b"\0")})
    assert_problem(answer, 413, "too_many_bytes")


def test_the_largest_body_of_nginx_is_the_largest_of_the_api(
    client: httpx.Client, api: ApiServer, largest_body: int
) -> None:
    answer = client.post("/process-image", content=json_body(largest_body), headers=_JSON)
    assert answer.status_code == 200, answer.text
    larger = json_body(largest_body + 1)
    with api.client() as direct:
        assert direct.post("/process-image", content=larger, headers=_JSON).status_code == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_body_does_not_reach_the_api(
    client: httpx.Client, api: ApiServer, largest_body: int, chunked: bool
) -> None:
    sent_id = uuid.uuid4().hex
    body = json_body(largest_body + 1)
    answer = client.post(
        "/api/process-image?annotate=true",
        content=_in_pieces(body) if chunked else body,
        headers={**_JSON, "x-request-id": sent_id},
    )
    assert_problem(answer, 413, "too_many_bytes")
    assert str(len(PICTURE)) in answer.json()["detail"]
    assert answer.json()["request_id"] == sent_id
    assert answer.json()["instance"] == "/api/process-image"
    assert sent_id not in api.log_path.read_text()


def _in_pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 8192):
        yield body[start : start + 8192]


def test_the_errors_of_the_api_pass_as_they_are(client: httpx.Client, api: ApiServer) -> None:
    sent = {"content": b"nonsense", "headers": {"content-type": "image/jpeg"}}
    through = client.post("/process-image", **sent)  # type: ignore[arg-type]
    assert_problem(through, 400, "not_an_image")
    with api.client() as direct:
        same = direct.post("/process-image", **sent)  # type: ignore[arg-type]
    assert {**through.json(), "request_id": ""} == {**same.json(), "request_id": ""}


def test_a_client_that_stops_sending_is_dropped_and_the_api_never_hears_of_it(
    tmp_path: Path, api: ApiServer, ui_dir: Path
) -> None:
    sent_id = uuid.uuid4().hex
    head = (
        f"POST /process-image HTTP/1.1\r\nHost: x\r\nX-Request-ID: {sent_id}\r\n"
        "Content-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\nabc"
    )
    with (
        NginxServer(tmp_path, "dev", api.port, ui_dir, upload_timeout_seconds=0.5) as front,
        socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection,
    ):
        connection.sendall(head.encode())
        assert connection.recv(1000) == b"", "the connection is closed without an answer"
        assert f'"request_id":"{sent_id}"' in (front.folder / "access.log").read_text()
    assert sent_id not in api.log_path.read_text()
