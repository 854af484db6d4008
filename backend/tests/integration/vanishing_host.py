"""A server seen through a host that can vanish: its kernel, too, answers nothing any more."""

from __future__ import annotations

import ctypes
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it


class VanishingHost:
    """Passes connections on to `server_port` of this machine until it vanishes.

    Then each packet is dropped before TCP sees it: no acknowledgement, no reset, no new connection.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._sockets: list[socket.socket] = []
        self._listening = self._listen(0)
        self.port: int = self._listening.getsockname()[1]

    def vanish(self) -> None:
        for each in self._sockets:
            _drop_all_packets(each)

    def return_empty(self) -> None:
        """Another host has its address now, and knows of no connection."""
        self._listening.shutdown(socket.SHUT_RDWR)  # `close` alone does not wake who accepts
        self._listening.close()
        self._sockets.remove(self._listening)
        self._listening = self._listen(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _listen(self, port: int) -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
        self._sockets.append(listening)
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class _Instruction(ctypes.Structure):
    _fields_ = (
        *(("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8)),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def _drop_all_packets(sock: socket.socket) -> None:
    keep_nothing = _Instruction(0x06, 0, 0, 0)  # BPF: return 0 bytes of the packet
    program = _Program(1, ctypes.pointer(keep_nothing))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
