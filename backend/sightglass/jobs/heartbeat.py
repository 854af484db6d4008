"""A sign of life of a process without a port: a key in Redis that expires soon."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

import orjson
import redis

from sightglass.jobs import names
from sightglass.jobs.connection import connect

_EVERY_SECONDS = 2.0
_EXPIRES_SECONDS = 10


class Heartbeat:
    """Beats from a thread of its own. Several processes of one name share the key."""

    def __init__(self, redis_url: str, name: str) -> None:
        self._redis = connect(redis_url)
        self._key = names.heartbeat_key(name)
        self._sign = orjson.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat(self) -> None:
        """One sign of life. While Redis is away nobody can see it, and that is fine."""
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.set(self._key, self._sign, ex=_EXPIRES_SECONDS)

    def close(self) -> None:
        """Stop beating; the key goes at once, so that an orderly end shows at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.delete(self._key)
        self._redis.close()

    def _run(self) -> None:
        self.beat()
        while not self._stop.wait(_EVERY_SECONDS):
            self.beat()
