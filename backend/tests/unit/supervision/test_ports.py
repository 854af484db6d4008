"""Choosing ports beside others that listen."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from sightglass.errors import SetupError
from sightglass.supervision.ports import choose_port, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def test_free_one_is_kept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
    assert choose_port("the API", "127.0.0.1", port, explicit=True) == port


def test_any(taken: int) -> None:
    port = choose_port("the API", "127.0.0.1", 0, explicit=True)
    assert is_free("127.0.0.1", port)


def test_taken_default_gives_another(taken: int) -> None:
    assert choose_port("the API", "127.0.0.1", taken, explicit=False) != taken


def test_taken_explicit_names_its_owner(taken: int) -> None:
    with pytest.raises(SetupError) as caught:
        choose_port("the API", "127.0.0.1", taken, explicit=True)
    assert f"Port {taken} for the API is taken" in caught.value.message
    assert f"(pid {os.getpid()})" in caught.value.message
