"""One supervised process: started in a group of its own, ended with that whole group."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sightglass.supervision.output import Tee, Terminal
from sightglass.supervision.specs import Probe, ProcessSpec

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_STEADY_SECONDS = 30.0  # after so long a life, a death is a new story
_PR_SET_PDEATHSIG = 1
_PROBE_SECONDS = 1.0

# Looked up now: after a fork nothing may be imported or loaded.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """A process by its spec. Only the thread that made the supervisor may start it: the kernel
    ties a child's life to the thread that forked it.
    """

    def __init__(
        self, spec: ProcessSpec, log: Path, terminal: Terminal, *, json_logs: bool = False
    ) -> None:
        self.spec = spec
        self._json_logs = json_logs
        self.starts = 0
        self.ready = False
        self.restart_at = 0.0
        self.status: int | None = None  # of its last end; negative is the signal that ended it
        self._log = log
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None
        self._tee: Tee | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process and the id of its group, until it is reaped."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.starts += 1
        self.ready = self.spec.probe is None
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours
            self.spec.command,
            env={**os.environ, **self.spec.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=before_exec(self.spec.nice, os.getpid()),
        )
        assert self._process.stdout is not None
        self._tee = Tee(
            self.spec.name,
            self._process.stdout,
            self._log,
            self._terminal,
            as_json=self._json_logs,
        )

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def check_ready(self) -> bool:
        """Ask its probe, unless it was ready before."""
        if not self.ready and self.runs and self.spec.probe is not None:
            self.ready = answers(self.spec.probe)
        return self.ready

    @property
    def is_late(self) -> bool:
        """Whether it should have been ready by now."""
        probe = self.spec.probe
        waited = time.monotonic() - self._started_at
        return not self.ready and probe is not None and waited > probe.within_seconds

    def plan_restart(self) -> float:
        """Decide when it is started again after its end; returns the pause in seconds."""
        if time.monotonic() - self._started_at > _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
        pause = self._pause
        self._pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        self.restart_at = time.monotonic() + pause
        return pause

    def terminate(self) -> None:
        """Ask it, and all that it started, to end."""
        self._signal(signal.SIGTERM)

    def reap(self) -> None:
        """End what is left of it, children that outlived it included."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self.status = self._process.wait()
        self._process = None
        if self._tee is not None:
            self._tee.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def answers(probe: Probe) -> bool:
    """Whether the service of this probe is ready now."""
    try:
        if probe.path is None:
            socket.create_connection((probe.host, probe.port), _PROBE_SECONDS).close()
            return True
        connection = http.client.HTTPConnection(probe.host, probe.port, timeout=_PROBE_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", probe.path)
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def before_exec(nice: int, supervisor: int) -> Callable[[], None]:
    """What a child does first: it asks to be ended when the process that started it is gone."""

    def prepare() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:  # it died before the line above
                os._exit(1)
        if nice:
            os.nice(nice)

    return prepare
