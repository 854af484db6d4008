"""What C libraries print to stderr becomes lines of the log: libjpeg on a damaged photo, OpenCV.

Lines that repeat are one with a count: hostile uploads must not fill the disk. When the process
crashes, Python's own last words go to the real stderr.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import fcntl
import os
import sys
import threading
import time
from collections import Counter

import structlog

log = structlog.get_logger(__name__)

_STDERR = 2
_PIPE_BYTES = 1 << 20
_GATHER_SECONDS = 0.25
_MOST_LINES = 20  # of different text, of what is gathered at once
_LONGEST = 500


def log_stderr() -> None:
    """Replace the process's stderr by the log. Call once, after logging is configured."""
    real = os.dup(_STDERR)
    faulthandler.enable(os.fdopen(real, "w", closefd=False))
    reading, writing = os.pipe()
    with contextlib.suppress(OSError):  # the limit of an unprivileged user may be lower
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    # Rather lose a line than stop: the reader needs the interpreter that a writer may hold.
    os.set_blocking(writing, False)
    sys.stderr.flush()
    os.dup2(writing, _STDERR)
    os.close(writing)
    reader = threading.Thread(target=_read, args=(reading,), name="stderr", daemon=True)
    reader.start()
    atexit.register(_restore, real, reader)


def _restore(real: int, reader: threading.Thread) -> None:
    """The last lines are logged before the process ends; children that have the pipe may not."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
        os.dup2(real, _STDERR)
        reader.join(2 * _GATHER_SECONDS)


def _read(pipe: int) -> None:
    begun = b""
    while chunk := os.read(pipe, _PIPE_BYTES):
        *lines, begun = (begun + chunk).split(b"\n")
        begun = begun[-_LONGEST:]
        _log_lines(lines)
        time.sleep(_GATHER_SECONDS)
    _log_lines([begun])


def _log_lines(lines: list[bytes]) -> None:
    counts = Counter(
        line[:_LONGEST].decode(errors="replace").strip() for line in lines if line.strip()
    )
    shown = counts.most_common(_MOST_LINES)
    for text, count in shown:
        log.warning("stderr", text=text, count=count)
    skipped = counts.total() - sum(count for _, count in shown)
    if skipped:
        log.warning("stderr_skipped", count=skipped)
