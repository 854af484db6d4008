"""HEAD wherever there is GET: the same answer without its body, as RFC 9110 (9.3.2) wants it.

FastAPI's routes know GET alone. Load balancers and watchers ask with HEAD whether all is well.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Lets the routes see GET. A stream ends with its head: nobody would take the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        begun = asyncio.Event()

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["method"] = "HEAD"  # for what measures, and for the server
                await send(message)
                await send({"type": "http.response.body"})
                begun.set()

        async def receive_end() -> Message:
            await begun.wait()
            return {"type": "http.disconnect"}

        scope["method"] = "GET"
        try:
            await self._app(scope, receive_end, send_head)
        finally:
            scope["method"] = "HEAD"
