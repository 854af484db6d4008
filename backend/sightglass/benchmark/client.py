"""The HTTP/1.1 client of the load generator: keep-alive, bare sockets, prebuilt requests.

It shares the cores with what it measures, so it does next to nothing per request.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass

_BOUNDARY = "sightglass-benchmark-5d1c0e7ab2"
_IDLE_SECONDS = 2.0  # uvicorn closes an idle connection after 5 s: do not race it


def get_request(path: str, host: str = "localhost") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def multipart_request(
    path: str, image: bytes, headers: dict[str, str] | None = None, host: str = "localhost"
) -> bytes:
    """The bytes of a POST of one JPEG as the multipart field `file`."""
    opening = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    body = opening + image + f"\r\n--{_BOUNDARY}--\r\n".encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `head` is the status line and headers, in lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        marker = f"\r\n{name.lower()}:".encode()
        start = self.head.find(marker)
        if start < 0:
            return None
        start += len(marker)
        end = self.head.find(b"\r\n", start)
        return self.head[start : end if end >= 0 else None].strip().decode("latin-1")


class Connection:
    """One keep-alive connection, opened when first used. One request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._used_at = 0.0

    async def open(self) -> socket.socket:
        self.close()
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = opened
        await asyncio.get_running_loop().sock_connect(opened, self._address)
        self._used_at = time.perf_counter()
        return opened

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def request(self, data: bytes) -> Reply:
        """Send prebuilt bytes and read the answer. Raises `ConnectionError`."""
        active = self._socket
        if active is None or time.perf_counter() - self._used_at > _IDLE_SECONDS:
            active = await self.open()
        loop = asyncio.get_running_loop()
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                # refused while still sending: the answer is waiting to be read
                await loop.sock_sendall(active, data)
            reply = await _read_reply(loop, active)
        except BaseException:
            self.close()
            raise
        self._used_at = time.perf_counter()
        if b"\r\nconnection: close" in reply.head:
            self.close()
        return reply


async def _read_reply(loop: asyncio.AbstractEventLoop, active: socket.socket) -> Reply:
    received = await _receive(loop, active)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += await _receive(loop, active)
    head = received[:end].lower()
    status = int(head[9:12])
    body = received[end + 4 :]
    expected = 0 if status in (204, 304) else _content_length(head)
    while len(body) < expected:
        body += await _receive(loop, active)
    return Reply(status, head, body)


async def _receive(loop: asyncio.AbstractEventLoop, active: socket.socket) -> bytes:
    received = await loop.sock_recv(active, 262_144)
    if not received:
        raise ConnectionError("the server closed the connection before its answer was complete")
    return received


def _content_length(head: bytes) -> int:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        raise ConnectionError("an answer without Content-Length cannot be read")
    start += len(b"\r\ncontent-length:")
    end = head.find(b"\r\n", start)
    return int(head[start : end if end >= 0 else None])
