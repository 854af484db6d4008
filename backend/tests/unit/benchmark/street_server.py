"""A tiny real HTTP server for the load generator: it answers as the platform does, on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StreetServer:
    """Routes: /ok, /slow (50 ms), /refuse (before the body is read, then closes), /hang-up,
    /split (the answer in small pieces), anything else is 404. Counts what it was sent.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.bodies: list[bytes] = []
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        path = head.split(" ", 2)[1]
        if path == "/refuse":
            writer.write(_reply(503, b"{}", "Retry-After: 2", "Connection: close"))
            return False
        if path == "/hang-up":
            return False
        length = next(
            (int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-l")),
            0,
        )
        self.bodies.append(await reader.readexactly(length))
        if path == "/slow":
            await asyncio.sleep(0.05)
        if path == "/split":
            for byte in _reply(200, b"x" * 50):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            return True
        writer.write(_reply(200 if path in ("/ok", "/slow") else 404, b'{"success":true}'))
        return True


def _reply(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Some Reason", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextmanager
def running_server() -> Iterator[StreetServer]:
    """The server on a free port, on a loop and thread of its own."""
    loop = asyncio.new_event_loop()
    street = StreetServer()
    listening = loop.run_until_complete(asyncio.start_server(street.serve, "127.0.0.1", 0))
    street.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield street
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
