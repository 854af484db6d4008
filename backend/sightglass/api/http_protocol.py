"""uvicorn's HTTP protocol, with an end for clients that have stopped reading.

An answer that nobody takes, an event stream above all, would hold up the stop of the process for
all of its grace time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_LOOKS = 8  # so often the same number of bytes waits: nothing was taken
_EVERY_SECONDS = 0.25

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
else:
    _Protocol = AutoHTTPProtocol


class HttpProtocol(_Protocol):
    """One connection. While the server stops, it is cut when its client takes nothing for 2 s."""

    def shutdown(self) -> None:
        super().shutdown()
        self._look(before=0, times=0)

    def _look(self, before: int, times: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        times = times + 1 if waiting and waiting == before else 0
        if times >= _LOOKS:
            self.transport.abort()
        elif waiting or not self.transport.is_closing():
            asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._look, waiting, times)
