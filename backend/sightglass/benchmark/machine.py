"""The machine and the software that a run was measured with."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from sightglass import __version__
from sightglass.engine.types import ModelInfo

# What decides the speed of inference on a CPU.
_TELLING_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def machine_facts(model: ModelInfo) -> dict[str, Any]:
    cpu, flags = _cpu()
    return {
        "cpu": cpu,
        "cpu_flags": [flag for flag in _TELLING_FLAGS if flag in flags],
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sightglass": __version__,
        "engine": model.engine,
        "engine_version": model.engine_version,
        "precision": model.precision,
        "streams": model.streams,
        "model": f"{model.name} {model.version}",
        "model_sha256": model.sha256,
        "input_size": max(model.input_size),
        "date": datetime.now(UTC).date().isoformat(),
        "load_average_before": list(os.getloadavg()),
    }


def _cpu() -> tuple[str, set[str]]:
    """Model name and instruction sets, from the kernel where it tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    facts = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    flags = facts.get("flags", facts.get("Features", ""))
    return facts.get("model name", platform.machine()), set(flags.split())


class Interference:
    """How much of the processor's time others had during the run: the host of a virtual
    machine (steal). What a shared machine's figures are worth depends on it.
    """

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def steal_percent(self) -> float:
        now = psutil.cpu_times()
        stolen = getattr(now, "steal", 0.0) - getattr(self._before, "steal", 0.0)
        total = sum(now) - sum(self._before)
        return round(100 * stolen / total, 2) if total > 0 else 0.0
