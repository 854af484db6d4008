"""One site under traffic, and the Prometheus that watched it, for all tests of queries."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from sightglass.settings import BUNDLED_MODEL
from tests.monitoring.past import write_past
from tests.monitoring.prometheus_server import PrometheusServer
from tests.monitoring.site import Site
from tests.monitoring.traffic import Traffic


@dataclass(frozen=True)
class Watched:
    """A Prometheus, and when (seconds since 1970) it began to watch."""

    prometheus: PrometheusServer
    since: float


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Site(tmp_path_factory.mktemp("site")) as site:
        model = json.loads((BUNDLED_MODEL / "model.json").read_bytes())
        write_past(site.prometheus.data, model["name"], model["version"])
        with site.prometheus as prometheus:
            since = time.time()
            # A rate needs a series that was there before it grew.
            prometheus.wait_for_scrapes("api", "worker", "drain", "flower", "nginx", "redis")
            with closing(Traffic(site)) as traffic:
                traffic.run()
            yield Watched(prometheus, since)
