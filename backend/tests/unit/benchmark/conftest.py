from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.benchmark.street_server import StreetServer, running_server


@pytest.fixture
def server() -> Iterator[StreetServer]:
    with running_server() as street:
        yield street
