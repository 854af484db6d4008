"""Connections to a database whose host vanishes without a word: after a power cut, behind a cable.

Nobody closes such a connection, so who waits for its answer would wait for ever, or for the
kernel's two hours. The kernel asks such a host soon instead, and ends the connection.
"""

from __future__ import annotations

import socket
from typing import Any

from sqlalchemy import Engine, event

_ASK_AFTER_SECONDS = 5
_ASK_TIMES = 2
_GIVE_UP_SECONDS = _ASK_AFTER_SECONDS * (_ASK_TIMES + 1)

# As libpq names them.
POSTGRES_OPTIONS = {
    "keepalives_idle": _ASK_AFTER_SECONDS,
    "keepalives_interval": _ASK_AFTER_SECONDS,
    "keepalives_count": _ASK_TIMES,
    "tcp_user_timeout": _GIVE_UP_SECONDS * 1000,
}
# PyMySQL has no names for them. Its `read_timeout` would end long statements of a living server.
_SOCKET_OPTIONS = {
    "TCP_KEEPIDLE": _ASK_AFTER_SECONDS,
    "TCP_KEEPINTVL": _ASK_AFTER_SECONDS,
    "TCP_KEEPCNT": _ASK_TIMES,
    "TCP_USER_TIMEOUT": _GIVE_UP_SECONDS * 1000,
}


def watch_mysql(engine: Engine) -> None:
    """Have each connection of this engine notice that its server is gone."""
    event.listen(engine, "connect", _watch)


def _watch(connection: Any, _record: Any) -> None:
    sock: socket.socket = connection._sock
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _SOCKET_OPTIONS.items():
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
