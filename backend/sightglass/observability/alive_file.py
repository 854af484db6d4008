"""A sign of life for the health check of a container: a file that is touched (see `probe`).

Not the heartbeat in Redis: a container must not be replaced because Redis is away.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

_EVERY_SECONDS = 2.0


class AliveFile:
    """Touches the file from a thread of its own, from `start` to `close`; no path, no file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alive-file", daemon=True)

    def start(self) -> None:
        if self._path is not None:
            self._thread.start()

    def close(self) -> None:
        """Stop, and take the file away: an orderly end shows at once."""
        self._stop.set()
        if self._path is None or not self._thread.is_alive():
            return
        self._thread.join()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _run(self) -> None:
        assert self._path is not None
        while True:
            # A full disk is not a reason to end; that nobody can see us is the alarm.
            with contextlib.suppress(OSError):
                self._path.touch()
            if self._stop.wait(_EVERY_SECONDS):
                return
