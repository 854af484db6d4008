"""The Redis stream of the journal, seen by the one who writes to it.

Connections are kept and driven directly: a pooled client call takes three times as long as the
command itself, and it stands in the path of every request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

DEFAULT_STREAM = "sightglass:journal"
RECORD_FIELD = b"r"

_Connection = Any  # redis-py gives its connections no types


class StreamWriter:
    """Appends to one stream. Methods raise `redis.RedisError` or `OSError`, at once.

    `on_new_server` is called when a connection finds another server process than before: it may
    have lost what its predecessor had not yet written to its append-only file.
    """

    def __init__(
        self,
        url: str,
        stream: str,
        *,
        timeout_seconds: float,
        on_new_server: Callable[[], None],
    ) -> None:
        self._pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._stream = stream.encode()
        self._on_new_server = on_new_server
        self._idle: list[_Connection] = []
        self._server_id: str | None = None
        self._lock = threading.Lock()

    def append(self, record: bytes) -> None:
        """One record. After a timeout it may be there all the same."""
        self._on_connection(lambda connection: self._add(connection, [record]))

    def append_many(self, records: Sequence[bytes]) -> None:
        """Several records in one round trip."""
        self._on_connection(lambda connection: self._add(connection, records))

    def ping(self) -> None:
        """A round trip on a kept connection, or on a new one."""
        self._on_connection(_ping)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()

    def _on_connection(self, use: Callable[[_Connection], None]) -> None:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        else:
            try:
                self._use(connection, use)
            except redis.ConnectionError:
                # It was closed while it lay idle: Redis may be back already.
                connection = self._connect()
            else:
                return
        self._use(connection, use)

    def _use(self, connection: _Connection, use: Callable[[_Connection], None]) -> None:
        try:
            use(connection)
        except redis.ResponseError:
            self._idle.append(connection)  # refused, but in step
            raise
        except BaseException:
            connection.disconnect()
            raise
        self._idle.append(connection)

    def _add(self, connection: _Connection, records: Sequence[bytes]) -> None:
        commands = [("XADD", self._stream, b"*", RECORD_FIELD, record) for record in records]
        connection.send_packed_command(connection.pack_commands(commands))
        refusal: redis.ResponseError | None = None
        for _ in commands:
            try:
                connection.read_response()
            except redis.ResponseError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    def _connect(self) -> _Connection:
        connection: _Connection = self._pool.make_connection()
        try:
            connection.connect()
            connection.send_command("INFO", "server")
            server_id = _server_id(connection.read_response())
        except BaseException:
            connection.disconnect()
            raise
        with self._lock:
            known, self._server_id = self._server_id, server_id
        if known is not None and server_id != known:
            self._on_new_server()
        return connection


def _ping(connection: _Connection) -> None:
    connection.send_command("PING")
    connection.read_response()


def _server_id(info: object) -> str:
    text = info.decode() if isinstance(info, bytes) else str(info)
    for line in text.splitlines():
        if line.startswith("run_id:"):
            return line.removeprefix("run_id:")
    return ""
