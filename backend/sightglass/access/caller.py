"""Who is asking: the only thing that the rest of the platform knows of an API key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key is good for. None includes another."""

    READ = "read"  # look: history, tasks, pictures, the model, activity
    DETECT = "detect"  # send images, fetch and end tasks, give verdicts
    MANAGE = "manage"  # change what is served, read the audit log


@dataclass(frozen=True, slots=True)
class Caller:
    """One key's holder, or everyone where keys are not asked for.

    `rate` and `quota` are in the notation of the `limits` library ("20/second", "10000/day"); None
    is without limit. `lane` numbers the queue that the caller's tasks wait in.
    """

    key_id: str | None
    name: str
    scopes: frozenset[Scope]
    rate: str | None = None
    quota: str | None = None
    lane: int = 0

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


EVERYONE = Caller(None, "everyone", frozenset(Scope))
