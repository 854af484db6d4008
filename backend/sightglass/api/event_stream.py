"""Server-sent events: an answer that goes on until the client leaves or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sightglass.jobs.task_feed import News, Subscription, TaskFeed

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0  # well under the minute after which proxies take silence for death
_RECONNECT = b"retry: 2000\n\n"
_HEARTBEAT = b": alive\n\n"
_RESET = b"event: reset\ndata: {}\n\n"


class TaskStream(Response):
    """The changes of tasks as events `reset` and `tasks`, for one client.

    It ends as soon as `may_go_on` says no: a key that was revoked learns nothing more.

    Starlette's own streaming answer takes a generator, which does not hear of a client that
    leaves before its first step: its subscription would stay.
    """

    media_type = MEDIA_TYPE

    def __init__(self, feed: TaskFeed, may_go_on: Callable[[], bool] = lambda: True) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._may_go_on = may_go_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `OverloadedError` when too many clients watch."""
        subscription = self._feed.subscribe()
        sending = asyncio.ensure_future(self._send_all(subscription, send))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            self._feed.leave(subscription)
            sending.cancel()
            gone.cancel()

    async def _send_all(self, subscription: Subscription, send: Send) -> None:
        status, headers = self.status_code, self.raw_headers
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await _send_body(send, _RECONNECT)
        while not subscription.has_ended:
            news = await subscription.take(HEARTBEAT_SECONDS)
            if not self._may_go_on():
                break
            await _send_body(send, encoded(news))
        await _send_body(send, b"", more=False)


async def _send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def encoded(news: News) -> bytes:
    """The news as an event; a comment when there are none."""
    if news.reset:
        return _RESET
    if news.rows:
        return b'event: tasks\ndata: {"tasks":[' + b",".join(news.rows) + b"]}\n\n"
    return _HEARTBEAT


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
