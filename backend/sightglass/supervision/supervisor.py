"""The loop of `up`: start in stages, restart what dies, stop in the opposite order."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sightglass.errors import SetupError
from sightglass.observability.dead_processes import forget_dead_processes
from sightglass.supervision import guardian
from sightglass.supervision.child import Child
from sightglass.supervision.output import Terminal, plain_line
from sightglass.supervision.specs import ProcessSpec

_NAME = "up"
_TICK_SECONDS = 0.1
_FUTILE_STARTS = 3  # so many ends before it was ever ready: it will not start at all


class Supervisor:
    """Runs processes until `stop` is called. Must be used from the main thread."""

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        log_dir: Path,
        metrics_dir: Path,
        terminal: Terminal,
        json_logs: bool = False,
    ) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._terminal = terminal
        self._metrics_dir = metrics_dir
        self._log_dir = log_dir
        self.children = [
            Child(spec, log_dir / f"{spec.name}.log", terminal, json_logs=json_logs)
            for spec in sorted(specs, key=lambda spec: spec.stage)
        ]
        self._stop = threading.Event()
        self._impatient = threading.Event()
        self._guardian: subprocess.Popen[str] | None = None

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once the essential ones are ready, and watch until
        `stop`. Raises `SetupError` when an essential one does not start. Leaves nothing behind.
        """
        self._guardian = _start_guardian()
        try:
            with self._signals():
                self._start_all()
                if not self._stop.is_set():
                    on_ready()
                while not self._stop.wait(_TICK_SECONDS):
                    self._look_after()
        finally:
            self._stop_all()
            self._end_guardian()

    def stop(self) -> None:
        """End in order; a second call ends at once."""
        if self._stop.is_set():
            self._impatient.set()
        self._stop.set()

    def say(self, line: str) -> None:
        self._terminal.say(_NAME, line)

    # --- starting

    def _start_all(self) -> None:
        for stage in sorted({child.spec.stage for child in self.children}):
            group = [child for child in self.children if child.spec.stage == stage]
            for child in group:
                self._start(child)
            self._wait_for([child for child in group if child.spec.essential])

    def _wait_for(self, awaited: list[Child]) -> None:
        while not all(child.check_ready() for child in awaited):
            for child in awaited:
                self._check_hope(child)
            self._look_after()
            if self._stop.wait(_TICK_SECONDS / 2):
                return

    def _check_hope(self, child: Child) -> None:
        log = self._log_dir / f"{child.spec.name}.log"
        if child.starts >= _FUTILE_STARTS and not child.runs:
            raise SetupError(
                f"{child.spec.name} ends as soon as it is started (status {child.status}); "
                f"its last lines, from {log}:\n{_tail(log)}"
            )
        if child.is_late:
            assert child.spec.probe is not None
            raise SetupError(
                f"{child.spec.name} is not ready after {child.spec.probe.within_seconds:.0f} s; "
                f"its last lines, from {log}:\n{_tail(log)}"
            )

    def _start(self, child: Child) -> None:
        forget_dead_processes(self._metrics_dir)  # its children may have outlived it a moment
        child.start()
        self._tell_guardian("+", child.pid)

    # --- watching

    def _look_after(self) -> None:
        for child in self.children:
            if child.runs:
                was_ready = child.ready
                if child.check_ready() and not was_ready:
                    self.say(f"{child.spec.name} is ready")
            elif child.restart_at:
                if time.monotonic() >= child.restart_at:
                    child.restart_at = 0.0
                    self._start(child)
            elif child.pid is not None:
                self._bury(child)
                pause = child.plan_restart()
                how = _how_it_ended(child.status)
                self.say(f"{child.spec.name} {how}; it is started again in {pause:.1f} s")

    def _bury(self, child: Child) -> None:
        pid = child.pid
        child.reap()
        self._tell_guardian("-", pid)
        forget_dead_processes(self._metrics_dir)

    # --- stopping

    def _stop_all(self) -> None:
        for stage in sorted({child.spec.stage for child in self.children}, reverse=True):
            group = [child for child in self.children if child.spec.stage == stage]
            self._stop_group([child for child in group if child.pid is not None])

    def _stop_group(self, group: list[Child]) -> None:
        for child in group:
            child.terminate()
        began = time.monotonic()
        for child in group:
            while child.runs and not self._impatient.is_set():
                if time.monotonic() - began > child.spec.grace_seconds:
                    self.say(f"{child.spec.name} does not end in time: it is killed")
                    break
                time.sleep(_TICK_SECONDS / 4)
            self._bury(child)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            signal.signal(number, lambda *_: self.stop())
        try:
            yield
            self._stop_all()  # a second signal while stopping is heard, too
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # --- the guardian

    def _tell_guardian(self, sign: str, group: int | None) -> None:
        if self._guardian is not None and self._guardian.stdin is not None:
            with contextlib.suppress(OSError):  # gone: the kernel still ends our own children
                self._guardian.stdin.write(f"{sign}{group}\n")
                self._guardian.stdin.flush()

    def _end_guardian(self) -> None:
        if self._guardian is not None:
            with contextlib.suppress(OSError):
                self._guardian.communicate()
            self._guardian = None


def _start_guardian() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", guardian.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _tail(log: Path, lines: int = 15) -> str:
    try:
        found = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "\n".join(f"    {plain_line(line)}" for line in found)
