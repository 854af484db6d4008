"""The health check of a container: `python -m sightglass.probe [api|worker|beat|drain]`.

Asks the API at HOST:PORT; a worker, beat or drain has no port and touches ALIVE_FILE instead.
Without an argument it takes the file when there is one. Nothing but the standard library is
imported: it runs every few seconds beside the process that it judges.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from pathlib import Path

_KINDS = ("api", "worker", "beat", "drain")
_TIMEOUT_SECONDS = 4.0
# Fifteen touches: a machine that is short of processor time is not a process that hangs.
OLDEST_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """The exit status: 0 is healthy, 1 is not, 2 is a question that makes no sense."""
    if len(arguments) > 1 or not set(arguments) <= set(_KINDS):
        return _say(f"usage: python -m sightglass.probe [{'|'.join(_KINDS)}]", 2)
    named = os.environ.get("ALIVE_FILE", "")
    file = Path(named) if named else None
    kind = arguments[0] if arguments else None
    if kind == "api" or (kind is None and (file is None or not file.exists())):
        return _ask_api(os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000"))
    if file is None:
        return _say(f"ALIVE_FILE is not set: nothing tells whether the {kind} lives", 2)
    return _judge(file)


def _judge(file: Path) -> int:
    try:
        age = time.time() - file.stat().st_mtime
    except OSError as error:
        return _say(f"no sign of life: {error}", 1)
    if age > OLDEST_SECONDS:
        return _say(f"the last sign of life is {age:.0f} seconds old", 1)
    return 0


def _ask_api(host: str, port: str) -> int:
    # Where it listens is not always where it can be asked.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    try:
        connection = http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_SECONDS)
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _say(f"the API does not answer at {host}:{port}: {error}", 1)
    return 0 if status == 200 else _say(f"the API is not ready: HTTP {status}", 1)


def _say(reason: str, status: int) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - Docker keeps what a health check prints
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
