"""A sign of life of a process without a port, in Redis; `observability.heartbeats` reads it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import uuid

import redis

from sightglass.jobs import names
from sightglass.jobs.connection import connect
from sightglass.observability.heartbeats import BEAT

_EVERY_SECONDS = 2.0


class Heartbeat:
    """Beats from a thread of its own. Each process of a name is counted for itself."""

    def __init__(self, redis_url: str, name: str) -> None:
        self._redis = connect(redis_url)
        self._key = names.heartbeat_key(name)
        # A pid is not enough: containers have the same ones.
        self._process = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat(self) -> None:
        """One sign of life. While Redis is away nobody can see it, and that is fine."""
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.eval(BEAT, 1, self._key, self._process)

    def close(self) -> None:
        """Stop beating; the process is taken off at once, so that an orderly end shows at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.zrem(self._key, self._process)
        self._redis.close()

    def _run(self) -> None:
        self.beat()
        while not self._stop.wait(_EVERY_SECONDS):
            self.beat()
