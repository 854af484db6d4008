"""From options to settings: what every command does before anything else."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from sightglass.settings import Settings, load_settings


def settings_from(**options: Any) -> Settings:
    """Settings with the given options on top (None: not given). Raises `SetupError`."""
    for name, value in options.items():
        if value is not None:
            os.environ[name.upper()] = str(value)
    return load_settings()


def prepare_metrics() -> None:
    """Give the metrics a folder of their own unless the supervisor has named a shared one.

    Must run before `observability.metrics` is imported: prometheus_client decides then.
    """
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if named:
        from sightglass.observability.dead_processes import forget_own_past

        forget_own_past(Path(named))
        return
    folder = tempfile.mkdtemp(prefix="sightglass-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    atexit.register(_remove, folder, os.getpid())
    # uvicorn ends with the signal that it was sent, and who dies of a signal cleans up nothing.
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked child leaves it to its parent
        shutil.rmtree(folder, ignore_errors=True)
