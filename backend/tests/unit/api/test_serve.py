"""A port that is taken is a clear message, never a hang."""

from __future__ import annotations

import pytest

from sightglass.api.serve import listen
from sightglass.errors import SetupError


def test_taken_port() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(SetupError, match=rf"127\.0\.0\.1:{port}"):
            listen("127.0.0.1", port)


def test_port_is_free_again_at_once() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
    with listen("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port


def test_address_of_another_machine() -> None:
    with pytest.raises(SetupError, match="Cannot listen"):
        listen("192.0.2.1", 0)
