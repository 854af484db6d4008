"""When the certificate of a real TLS server ends."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightglass.jobs.certificate import find_expiry
from tests.integration.servers import free_port
from tests.nginx.certificates import write_certificate


@pytest.fixture
def door(tmp_path: Path) -> Iterator[str]:
    """Accepts one visitor over TLS and says nothing."""
    certificate, key = tmp_path / "site.pem", tmp_path / "site.key"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_one, args=(server, context))
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def _answer_one(server: socket.socket, context: ssl.SSLContext) -> None:
    visitor, _ = server.accept()
    with contextlib.suppress(OSError), context.wrap_socket(visitor, server_side=True) as secured:
        secured.recv(1)


def test_end_of_a_self_signed_certificate(door: str) -> None:
    expires = find_expiry(door)
    assert expires is not None
    assert 3000 < expires - time.time() <= 3600


def test_nobody_answers() -> None:
    assert find_expiry(f"127.0.0.1:{free_port()}") is None


def test_address_without_a_port() -> None:
    assert find_expiry("localhost") is None
