"""Being told of the end, in processes that really get a signal."""

from __future__ import annotations

import signal
import subprocess
import sys

SCRIPT = """
import asyncio, os, signal, sys
from sightglass.api.end_signal import told_of_the_end

async def main():
    told = asyncio.Event()
    with told_of_the_end(told.set):
        os.kill(os.getpid(), signal.SIGTERM)
        await told.wait()
    print("told", signal.getsignal(signal.SIGTERM) is server)

def server(number, frame):
    print("server", signal.Signals(number).name)

if "handled" in sys.argv:
    signal.signal(signal.SIGTERM, server)
asyncio.run(main())
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_told_beside_the_server() -> None:
    ended = run("handled")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["server SIGTERM", "told True"]


def test_signal_that_nobody_handles_still_ends_the_process() -> None:
    assert run().returncode == -signal.SIGTERM
