"""Reads server-sent events, as a browser's EventSource does, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    name: str
    data: Any


class EventReader:
    """The events of one open answer. Iterating ends when the server ends the stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.retry_milliseconds: int | None = None
        self._lines = answer.iter_lines()

    def __iter__(self) -> Iterator[Event]:
        name, data = "", ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "retry":
                self.retry_milliseconds = int(value)
            elif field == "event":
                name = value
            elif field == "data":
                data += value
            elif not line and data:
                yield Event(name, json.loads(data))
                name, data = "", ""

    def next(self) -> Event:
        return next(iter(self))

    def wait_for_reset(self) -> None:
        while self.next().name != "reset":
            pass

    def wait_for_row(self, task_id: str, status: str) -> dict[str, Any]:
        """The first row that shows the task in this state."""
        for event in self:
            for row in event.data.get("tasks", ()):
                if (row["task_id"], row["status"]) == (task_id, status):
                    return dict(row)
        raise AssertionError("the stream ended first")


@contextmanager
def watching(url: str, path: str = "/tasks/events") -> Iterator[EventReader]:
    """An open stream; a read that takes 20 seconds fails."""
    with (
        httpx.Client(base_url=url, timeout=20, trust_env=False) as client,
        client.stream("GET", path) as answer,
    ):
        yield EventReader(answer)
