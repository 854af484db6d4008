"""Runs a program out of a built image as a container engine would, as far as Linux itself can.

The root file system is read-only but for a small /tmp and the folders that are bound into it; the
program is process 1 of its own PID namespace, is not root, and has no capabilities.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from images.build import Built

_PREPARE = """
set -e
root=$1; shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2
done
shift
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777,size=512m tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"
"""


class Program:
    """One program of an image. Use it with `with`, or end it with `stop`."""

    def __init__(
        self,
        image: Built,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, object],
        binds: Mapping[Path, str] | None = None,
    ) -> None:
        self.image = image
        self.log = log
        self._uid = str(image.config["User"]).split(":")[0]
        entry = list(image.config.get("Entrypoint") or [])
        self._command = [*entry, *command]
        self._environment = {
            **image.environment,
            **{name: str(value) for name, value in environment.items()},
        }
        self._binds = binds or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        binds = [part for host, inside in self._binds.items() for part in (str(host), inside)]
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL"]
        command += ["sh", "-c", _PREPARE, "prepare", str(self.image.root), *binds, "--"]
        command += self._as_user(self._command)
        self.log.touch()
        self.log.chmod(0o666)  # a program may open /dev/stdout by its name
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env={"PATH": os.environ["PATH"]}, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()  # its child, process 1 of the namespace, dies with it
            self._process.wait(30)

    def wait_for(self, ready: Callable[[], bool], seconds: float = 120) -> None:
        """Return when `ready`. Raises `AssertionError` with the end of the log."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self._command} is not ready:\n{self._tail()}")
            time.sleep(0.2)

    def health(self) -> int:
        """The exit status of the image's own health check, run beside the program."""
        check = self.image.config["Healthcheck"]["Test"]
        assert check[0] == "CMD", check
        return self.run(check[1:]).returncode

    def run(self, command: Sequence[str], seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Another program in the same container."""
        enter = ["nsenter", "--target", str(self._first().pid), "--mount", "--pid"]
        # Entering the mount namespace leaves the root where it was.
        command = [*enter, "chroot", str(self.image.root), *self._as_user(command)]
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 40) -> int:
        """Send the signal that the engine would send; returns the exit status."""
        assert self._process is not None
        self._first().send_signal(number)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self._command} ignored {number.name}:\n{self._tail()}"
            ) from None

    def _first(self) -> psutil.Process:
        """Process 1 of the container, as this machine sees it."""
        assert self._process is not None
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            if children := psutil.Process(self._process.pid).children():
                return children[0]
            time.sleep(0.05)
        raise AssertionError(f"{self._command} has ended:\n{self._tail()}")

    def _as_user(self, command: Sequence[str]) -> list[str]:
        environment = [f"{name}={value}" for name, value in self._environment.items()]
        directory = shlex.quote(str(self.image.config.get("WorkingDir") or "/"))
        return [
            *("/usr/bin/setpriv", f"--reuid={self._uid}", f"--regid={self._uid}"),
            *("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
            *("/usr/bin/env", "-i", *environment),
            *("/bin/sh", "-c", f'cd {directory} && exec "$@"', "start", *command),
        ]

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]
