"""Choosing ports: the usual one when it is free, else another, and never a hang."""

from __future__ import annotations

import socket

import psutil

from sightglass.errors import SetupError

_NEAR = 20  # ports after the usual one, which are easier to remember than any free one


def choose_port(name: str, host: str, preferred: int, *, explicit: bool) -> int:
    """A free port for the service `name`; 0 asks for any.

    Raises `SetupError` that names the port and its owner when an explicit one is taken.
    """
    if preferred and is_free(host, preferred):
        return preferred
    if preferred and explicit:
        raise SetupError(
            f"Port {preferred} for {name} is taken{_by_whom(preferred)}. "
            f"Stop it, or choose another port."
        )
    near = range(preferred + 1, min(preferred + _NEAR, 65535) + 1) if preferred else ()
    return next((port for port in near if is_free(host, port)), None) or _any_port(host)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _any_port(host: str) -> int:
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:  # other users' processes are not ours to see
        pass
    return ""
