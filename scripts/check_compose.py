#!/usr/bin/env python3
"""Prove docker-compose.prod.yml on this machine (`make compose-check`).

Needs Docker with Compose, openssl and Python 3.11, and installs nothing. It makes a project of its
own, with its own secrets, ports and volumes, uses it, breaks it, restores it, and removes it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compose.site import Site
from compose.stack import CheckError, Stack, make_env
from compose.steps import Check

LOG_LINES = "30"


def main() -> int:
    """The exit status: 1 when a step failed, or something is left behind."""
    options = _options()
    if absent := _absent():
        print(f"compose-check: not on this machine: {', '.join(absent)}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="sightglass-check-"))
    values = make_env(folder, options.http_port, options.https_port)
    stack = Stack(folder, options.file)
    check = Check(stack, Site(values, folder / "tls" / "fullchain.pem"))
    passed = False
    try:
        passed = _run(check, build=not options.no_build)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second one would leave half of it
        removed = _remove(stack)
    if passed:
        print("The production file works on this machine.")
    return 0 if passed and removed else 1


def _absent() -> list[str]:
    absent = [name for name in ("docker", "openssl") if shutil.which(name) is None]
    if (
        not absent
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        absent.append("docker compose")
    return absent


def _run(check: Check, *, build: bool) -> bool:
    """Whether all steps passed; a line for each."""
    for name, step in check.steps(build=build):
        started = time.monotonic()
        try:
            said = step()
        except CheckError as fault:
            print(f"FAILED {name}: {fault}", flush=True)
            for service in fault.services[:3]:
                print(f"--- the last lines of {service}")
                print(check.stack.try_compose("logs", "--tail", LOG_LINES, service).stdout)
            return False
        print(f"{name:<42} {time.monotonic() - started:6.1f} s  {said}", flush=True)
    return True


def _remove(stack: Stack) -> bool:
    done = stack.try_compose("down", "-v", "--remove-orphans")
    if done.returncode:
        print(f"NOT removed: {done.stdout}", flush=True)
        return False
    shutil.rmtree(stack.folder, ignore_errors=True)
    print("Removed: containers, volumes and networks of this check.", flush=True)
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Prove docker-compose.prod.yml on this machine.")
    parser.add_argument("--no-build", action="store_true", help="take our images as they are")
    parser.add_argument(
        *("-f", "--file"), type=Path, action="append", default=[], help="a compose file more"
    )
    parser.add_argument("--http-port", type=int, default=18080, help="a free one on this host")
    parser.add_argument("--https-port", type=int, default=18443, help="a free one on this host")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
