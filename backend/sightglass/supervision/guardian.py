"""Ends the process groups of a supervisor that is no more. A script of its own, stdlib only.

It reads `+PGID` and `-PGID` lines from its standard input, which only the supervisor writes to;
the input ends when the supervisor does, even by SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

_GRACE_SECONDS = 3.0


def main() -> None:
    """Wait for the end of the input, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line.startswith("+") else groups.discard)(group)
    _signal_all(groups, signal.SIGTERM)
    until = time.monotonic() + _GRACE_SECONDS
    while _signal_all(groups, 0) and time.monotonic() < until:
        time.sleep(0.05)
    _signal_all(groups, signal.SIGKILL)


def _signal_all(groups: set[int], number: int) -> bool:
    """Signal every group (0: only look); whether any is there."""
    found = False
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            found = True
    return found


if __name__ == "__main__":
    main()
