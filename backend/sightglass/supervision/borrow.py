"""The services of the embedded run for a command beside it: the running ones, or Redis alone.

A command that needs what Redis keeps while the platform stands still gets a Redis of its own on
the state folder, and nobody else can start a platform on it meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sightglass.errors import SetupError
from sightglass.settings import Settings
from sightglass.supervision.child import before_exec
from sightglass.supervision.ports import choose_port
from sightglass.supervision.specs import redis_command
from sightglass.supervision.state import find_running, only_one

_START_SECONDS = 60.0  # the append-only file is read first
_STOP_SECONDS = 30.0


@contextmanager
def borrowed_services(settings: Settings, *, alone: bool = False) -> Iterator[Settings]:
    """The settings with the addresses of services that answer.

    With `alone`, a platform that runs here is an error: `SetupError` says to stop it. A REDIS_URL
    that is set is used as it is. Another user's state folder is an error as well.
    """
    _be_its_owner(settings.state_dir)
    running = None if alone else find_running(settings.state_dir)
    if running is not None:
        found = {"redis_url": running["redis"], "mlflow_tracking_uri": running["mlflow"]}
        yield settings.model_copy(update=found)
        return
    with only_one(settings.state_dir):
        if "redis_url" in settings.model_fields_set:
            yield settings
            return
        with _redis(settings) as url:
            yield settings.model_copy(update={"redis_url": url})


def _be_its_owner(state_dir: Path) -> None:
    """Root would leave files that the platform cannot open; others cannot open the platform's."""
    if not state_dir.exists():
        return
    owner = state_dir.stat().st_uid
    is_foreign_root = os.geteuid() == 0 != owner
    if is_foreign_root or not os.access(state_dir, os.R_OK | os.W_OK | os.X_OK):
        raise SetupError(f"{state_dir.absolute()} belongs to user {owner}: run this as that user.")


@contextmanager
def _redis(settings: Settings) -> Iterator[str]:
    folder = settings.state_dir.absolute() / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    port = choose_port("Redis", "127.0.0.1", 0, explicit=False)
    process = subprocess.Popen(  # noqa: S603
        redis_command(folder, port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # Else it would outlive a command that is killed, beside the platform's own on its files.
        preexec_fn=before_exec(0, os.getpid()),
    )
    try:
        _wait_for(process, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()  # it writes down what it has
        process.wait(_STOP_SECONDS)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as client:
        while time.monotonic() < until and process.poll() is None:
            with suppress(redis.RedisError):  # while it reads its file it refuses
                client.ping()
                return
            time.sleep(0.05)
    raise SetupError("Redis does not start on the state folder.")
