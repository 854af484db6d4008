"""The memory of the processes that one scrape speaks for.

prometheus_client tells it of a single process only, and not at all once values lie in files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sightglass.observability.metrics import MEASURED


class ProcessMemory(Collector):
    """Sums over the processes whose live gauges lie in the shared metrics folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        """Nothing is measured when the collector is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        name = "process_resident_memory_bytes"
        yield GaugeMetricFamily(name, MEASURED[name], value=sum(map(_resident_bytes, self._pids())))

    def _pids(self) -> set[int]:
        ends = {path.stem.rpartition("_")[2] for path in self._folder.glob("gauge_live*_*.db")}
        return {int(end) for end in ends if end.isdecimal()}


def _resident_bytes(pid: int) -> int:
    with contextlib.suppress(psutil.Error):  # it may have just ended
        return int(psutil.Process(pid).memory_info().rss)
    return 0
