"""The stream as an ASGI answer: silence, and a client that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message

from sightglass.api import event_stream
from sightglass.api.event_stream import TaskStream, encoded
from sightglass.jobs.task_events import TaskEvents
from sightglass.jobs.task_feed import News, TaskFeed


class Client:
    """Takes what is sent, until it leaves."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.left = asyncio.Event()

    async def send(self, message: Message) -> None:
        await self.sent.put(message.get("body", b""))

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}


def _with_client(body: Callable[[TaskFeed, Client], Awaitable[None]]) -> None:
    async def run() -> None:
        # Nothing listens there; these tests need no Redis.
        feed, client = TaskFeed(TaskEvents("redis://127.0.0.1:9"), lambda _: b""), Client()
        answer = asyncio.create_task(TaskStream(feed)({}, client.receive, client.send))
        async with asyncio.timeout(10):
            await body(feed, client)
            await answer
        assert not feed.is_interested

    asyncio.run(run())


async def _next_chunks(client: Client, count: int) -> list[bytes]:
    return [await client.sent.get() for _ in range(count)]


def test_silence_is_filled_and_the_client_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.01)

    async def body(feed: TaskFeed, client: Client) -> None:
        *first, heartbeat, another = await _next_chunks(client, 5)
        assert b"".join(first) == b"retry: 2000\n\nevent: reset\ndata: {}\n\n"
        assert heartbeat == another == b": alive\n\n"
        assert feed.is_interested
        client.left.set()

    _with_client(body)


def test_client_that_left_before_the_first_step() -> None:
    async def body(_feed: TaskFeed, client: Client) -> None:
        client.left.set()

    _with_client(body)


def test_end_of_the_feed_ends_the_answer() -> None:
    async def body(feed: TaskFeed, client: Client) -> None:
        await _next_chunks(client, 3)
        feed.end()

    _with_client(body)


def test_rows_are_one_message() -> None:
    assert encoded(News(rows=(b'{"a":1}', b'{"b":2}'))) == (
        b'event: tasks\ndata: {"tasks":[{"a":1},{"b":2}]}\n\n'
    )
