"""Hears SIGTERM and SIGINT beside the server: answers that never end by themselves must know.

uvicorn waits for open answers before it tells the application that it stops.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Within the block, have `tell` called in the running event loop when the process is asked
    to end; the server's own handlers are called too.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are not for us
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    # A signal that nobody handles ends the process at once, and must go on doing so.
    before = {number: handler for number, handler in handlers.items() if callable(handler)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
