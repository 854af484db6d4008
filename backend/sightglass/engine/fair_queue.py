"""The waiting line of `admission`: first come, first served for one owner, turn by turn among many.

No threads and no clocks here: who uses it holds the lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items wait under the name of their owner; an owner that waits is a deque that is not empty.

    With a single owner this is a plain deque, at its price.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        self._turns: deque[str] = deque()  # owners that wait, the next one first
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, owner: str, item: T) -> None:
        """Let an item wait; an owner with none before gets the last turn."""
        own = self._waiting.get(owner)
        if own is None:
            own = self._waiting[owner] = deque()
            self._turns.append(owner)
        own.append(item)
        self._length += 1

    def pop(self) -> T:
        """The oldest item of the owner whose turn it is. Raises `IndexError` when none waits."""
        owner = self._turns.popleft()
        own = self._waiting[owner]
        item = own.popleft()
        self._length -= 1
        if own:
            self._turns.append(owner)
        else:
            del self._waiting[owner]
        return item

    def remove(self, owner: str, item: T) -> bool:
        """Take an item out before its turn; False when it does not wait."""
        own = self._waiting.get(owner)
        if own is None or item not in own:
            return False
        own.remove(item)
        self._length -= 1
        self._forget_when_empty(owner)
        return True

    def take(self, chosen: Callable[[T], bool]) -> list[T]:
        """Take out all items for which `chosen` is true."""
        taken: list[T] = []
        for owner, own in list(self._waiting.items()):
            mine = [item for item in own if chosen(item)]
            if mine:
                taken += mine
                self._waiting[owner] = deque(item for item in own if not chosen(item))
                self._forget_when_empty(owner)
        self._length -= len(taken)
        return taken

    def clear(self) -> list[T]:
        """Take out everything."""
        return self.take(lambda _: True)

    def ahead_of(self, owner: str) -> int:
        """How many of the items that wait now are served before a new one of this owner."""
        others = len(self._waiting) - (owner in self._waiting)
        if not others:
            return self._length
        own = len(self._waiting.get(owner, ()))
        ahead, passed = own, False
        for other in self._turns:
            if other == owner:
                passed = True
            else:  # it has one turn for each of ours, and one more when it comes before us
                ahead += min(len(self._waiting[other]), own if passed else own + 1)
        return ahead

    def can_displace(self, owner: str) -> bool:
        """Whether somebody waits with so many items that giving up one for this owner is fair:
        after the change it still has no fewer than this owner.
        """
        own = len(self._waiting.get(owner, ()))
        return self._longest() > own + 1

    def displace(self) -> T:
        """Take out the newest item of the owner with the most. Raises `IndexError` when empty."""
        if not self._turns:
            raise IndexError("nothing waits")
        owner = max(self._turns, key=lambda name: len(self._waiting[name]))
        item = self._waiting[owner].pop()
        self._length -= 1
        self._forget_when_empty(owner)
        return item

    def _longest(self) -> int:
        return max((len(own) for own in self._waiting.values()), default=0)

    def _forget_when_empty(self, owner: str) -> None:
        if not self._waiting[owner]:
            del self._waiting[owner]
            self._turns.remove(owner)
