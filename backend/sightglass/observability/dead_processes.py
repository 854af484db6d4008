"""Takes processes that are no more out of the live gauges of a shared metrics folder.

A process that ends in order may leave them too: only its file says what it was doing.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

_CLOCK_SECONDS = 60.0  # the clock may have been set since; a pid does not come again so soon


def forget_dead_processes(folder: Path) -> None:
    """Remove the files of live gauges whose process is gone. Counters stay: they are history."""
    for file in folder.glob("gauge_live*_*.db"):
        with contextlib.suppress(OSError, ValueError):  # gone meanwhile, or not one of ours
            if not _wrote(int(file.stem.rpartition("_")[2]), file):
                file.unlink()


def forget_own_past(folder: Path) -> None:
    """Remove what an earlier process with our pid left, as after the restart of a container."""
    for file in folder.glob(f"gauge_live*_{os.getpid()}.db"):
        file.unlink(missing_ok=True)


def _wrote(pid: int, file: Path) -> bool:
    """Whether the process lives and may have written the file: pids come again."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(process.create_time() <= file.stat().st_mtime + _CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # another user's process
        return True
