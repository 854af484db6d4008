"""The lines that the processes print: to the terminal with their name in front, and to a log."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import IO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
_LOG_BYTES = 20 << 20
_NAME_WIDTH = 7
_CHUNK_BYTES = 1 << 16
_GATHER_SECONDS = 0.03


class Terminal:
    """Prints from a thread of its own: a terminal that stands still must stop nothing else."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty()
        self._names: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue(5000)
        self._thread = threading.Thread(target=self._print, name="terminal", daemon=True)
        self._thread.start()

    def say(self, name: str, line: str) -> None:
        """Print one line, or drop it when the terminal has not taken any for long."""
        if name not in self._names:
            self._names.append(name)
        label = f"{name:<{_NAME_WIDTH}}|"
        if self._coloured:
            colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
            label = f"\x1b[{colour}m{label}\x1b[0m"
        if not self._lines.full():
            self._lines.put(f"{label} {line}\n")

    def close(self) -> None:
        self._lines.put(None)
        self._thread.join(1.0)

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line)
                self._stream.flush()
            except OSError:  # the terminal was closed; the logs go on
                return


class Tee:
    """Copies what one process prints, line by line, until it closes its end."""

    def __init__(self, name: str, source: IO[bytes], log: Path, terminal: Terminal) -> None:
        self._name = name
        self._source = source
        self._log = log
        self._terminal = terminal
        self._thread = threading.Thread(target=self._copy, name=f"output-{name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for the last lines."""
        self._thread.join(2.0)

    def _copy(self) -> None:
        _rotate(self._log)
        begun = b""  # a line whose end has not come yet
        with self._source, self._log.open("ab", buffering=0) as log:
            while chunk := os.read(self._source.fileno(), _CHUNK_BYTES):
                log.write(chunk)
                *lines, begun = (begun + chunk).split(b"\n")
                for line in lines:
                    self._terminal.say(self._name, line.decode(errors="replace").rstrip())
                # Who waits in `read` is woken by every line, at the cost of the core of the
                # process that writes it. Lines that come meanwhile are taken together.
                time.sleep(_GATHER_SECONDS)
        if begun:
            self._terminal.say(self._name, begun.decode(errors="replace").rstrip())


def _rotate(log: Path) -> None:
    """Keep one older log, so that a folder that lives long does not fill the disk."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
