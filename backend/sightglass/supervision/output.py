"""The lines that the processes print: to the terminal with their name in front, and to a log.

Where logs are JSON, a line that is none (of Redis, of MLflow, of an interpreter that crashes) goes
into the log as the `text` of one that is.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
_LOG_BYTES = 20 << 20
_NAME_WIDTH = 7
_CHUNK_BYTES = 1 << 16
_GATHER_SECONDS = 0.03
_LONGEST_TEXT = 8192


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
        with suppress(queue.Full):
            self._lines.put_nowait(f"{label} {line}\n")

    def close(self) -> None:
        """Give it a second for the last lines; one that takes none gets none."""
        with suppress(queue.Full):
            self._lines.put_nowait(None)
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

    def __init__(
        self, name: str, source: IO[bytes], log: Path, terminal: Terminal, *, as_json: bool = False
    ) -> None:
        self._name = name
        self._as_json = as_json
        self._source = source
        self._log = log
        self._terminal = terminal
        self._thread = threading.Thread(target=self._copy, name=f"output-{name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for the last lines."""
        self._thread.join(2.0)

    def _copy(self) -> None:
        begun = b""  # a line whose end has not come yet
        with self._source, closing(LogFile(self._log)) as log:
            while chunk := os.read(self._source.fileno(), _CHUNK_BYTES):
                *lines, begun = (begun + chunk).split(b"\n")
                log.write(b"".join(self._logged(line) for line in lines))
                for line in lines:
                    self._terminal.say(self._name, line.decode(errors="replace").rstrip())
                # Who waits in `read` is woken by every line, at the cost of the core of the
                # process that writes it. Lines that come meanwhile are taken together.
                time.sleep(_GATHER_SECONDS)
            if begun:
                log.write(self._logged(begun))
        if begun:
            self._terminal.say(self._name, begun.decode(errors="replace").rstrip())

    def _logged(self, line: bytes) -> bytes:
        if not self._as_json or line.startswith(b'{"'):
            return line + b"\n"
        text = line.decode(errors="replace").rstrip()
        return json_line(self._name, text) if text else b""


def json_line(name: str, text: str) -> bytes:
    """A line that was printed as plain text, in the shape of our own."""
    fields = {
        "event": "output",
        "text": text[:_LONGEST_TEXT],
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "component": name,
    }
    return orjson.dumps(fields) + b"\n"


def plain_line(line: str) -> str:
    """The text of a line that `json_line` made; any other line as it is."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    is_output = isinstance(fields, dict) and fields.get("event") == "output"
    return str(fields["text"]) if is_output else line


class LogFile:
    """Makes way for a new file when it is large, and keeps one older: a platform that runs for
    long does not fill the disk. What a full disk does not take is lost, and nothing else is.
    """

    def __init__(self, path: Path, max_bytes: int = _LOG_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)

    def write(self, lines: bytes) -> None:
        with suppress(OSError):
            self._make_way(len(lines))
            self._file.write(lines)

    def _make_way(self, size: int) -> None:
        if self._file.tell() and self._file.tell() + size > self._max_bytes:
            self._path.replace(self._path.with_suffix(".log.1"))
            old, self._file = self._file, self._path.open("ab", buffering=0)
            old.close()

    def close(self) -> None:
        self._file.close()
