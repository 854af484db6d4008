"""The terminal of `up`: one that is gone or stands still must stop nothing else."""

from __future__ import annotations

import io
import threading

import pytest

from sightglass.supervision.output import Terminal

LINES = 6000  # more than are kept for a terminal that takes none


class ClosedTerminal(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError


class StandingTerminal(io.StringIO):
    """As after Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        self.goes_on.wait()
        return super().write(text)


def say_from_several(terminal: Terminal) -> list[threading.Thread]:
    def say() -> None:
        for number in range(LINES // 4):
            terminal.say("api", f"line {number}")

    threads = [threading.Thread(target=say, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("stream", [ClosedTerminal(), StandingTerminal()])
def test_terminal_that_takes_nothing(stream: io.StringIO) -> None:
    terminal = Terminal(stream)
    speakers = say_from_several(terminal)
    for thread in speakers:
        thread.join(10)
    closing = threading.Thread(target=terminal.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not [thread for thread in [*speakers, closing] if thread.is_alive()]
    if isinstance(stream, StandingTerminal):
        stream.goes_on.set()


def test_all_lines_of_a_terminal_that_takes_them() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.say("api", "first")
    terminal.say("api", "last")
    terminal.close()
    assert stream.getvalue() == "api    | first\napi    | last\n"
