"""Who holds which key, answered from memory: what every API process asks at every request.

A thread reads all keys every other second, so a request never waits for the database, a flood of
made-up keys costs no queries, and a revoked key ends within seconds. While the database is away,
the keys that were known keep working for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from sightglass.access.caller import Caller
from sightglass.access.key_text import is_secret, parse_key
from sightglass.access.keys import ApiKey, Keys
from sightglass.errors import AccessUnavailableError, ApiKeyInvalidError, SightglassError

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 2.0
# A key that nobody knows may have been made this moment: it is looked for at once, for all who
# wait together, but not more often than this.
_LEAST_PAUSE_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 2.0
_TRUSTED_SECONDS = 600.0
_NOTE_USES_SECONDS = 60.0
_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All keys by id. `asked_at` is when the reading began: a key made before it is there."""

    keys: Mapping[str, ApiKey]
    asked_at: float


@dataclass(frozen=True, slots=True)
class Timing:
    """How often and how long, in seconds; tests take shorter ones."""

    every: float = _EVERY_SECONDS
    least_pause: float = _LEAST_PAUSE_SECONDS
    longest_wait: float = _LONGEST_WAIT_SECONDS
    trusted: float = _TRUSTED_SECONDS
    note_uses: float = _NOTE_USES_SECONDS


@dataclass(slots=True)
class _Waiting:
    """Requests of event loops that wait for the next reading."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    futures: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = field(
        default_factory=list
    )

    def join(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self.lock:
            self.futures.append((loop, future))
        return future

    def wake(self) -> None:
        with self.lock:
            waking, self.futures = self.futures, []
        for loop, future in waking:
            with contextlib.suppress(RuntimeError):  # that loop has ended
                loop.call_soon_threadsafe(_finish, future)


class KeyDirectory:
    """Keys by their text. Start it before the first `find`; one for each process."""

    def __init__(self, keys: Keys, timing: Timing | None = None) -> None:
        self._keys = keys
        self._timing = timing or Timing()
        self._snapshot: _Snapshot | None = None
        self._used: dict[str, float] = {}
        self._noted_until = 0.0
        self._waiting = _Waiting()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._reachable = True
        self._thread = threading.Thread(target=self._run, name="api-keys", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop reading; last uses are kept when the database is there."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(self._timing.longest_wait)

    async def find(self, text: str) -> Caller:
        """The holder of this key. Raises `ApiKeyInvalidError`, and `AccessUnavailableError` when
        it cannot be known whether there is such a key.
        """
        parts = parse_key(text)
        if parts is None:
            raise ApiKeyInvalidError
        key = self._known(parts.id) or await self._look_again(parts.id)
        now = time.time()
        # The secret first: who has only the id must not learn whether it is still in use.
        if not is_secret(parts.secret, key.digest) or not key.is_usable(now):
            raise ApiKeyInvalidError
        self._used[key.id] = now
        return key.caller()

    def is_usable(self, caller: Caller) -> bool:
        """Whether the key of this caller is still good, for answers that go on for long."""
        if caller.key_id is None:
            return True
        key = self._known(caller.key_id)
        return key is not None and key.is_usable(time.time())

    def _known(self, identity: str) -> ApiKey | None:
        snapshot = self._snapshot
        if snapshot is None or time.monotonic() - snapshot.asked_at > self._timing.trusted:
            return None
        return snapshot.keys.get(identity)

    async def _look_again(self, identity: str) -> ApiKey:
        """A key that was unknown when it was asked for, once the database has been read anew."""
        came_at = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.longest_wait):
                while self._snapshot is None or self._snapshot.asked_at <= came_at:
                    read = self._waiting.join()
                    self._wanted.set()
                    await read
                    if not self._reachable:
                        break
        key = self._known(identity)
        if key is not None:
            return key
        if self._snapshot is None or self._snapshot.asked_at <= came_at:
            raise AccessUnavailableError(retry_after_seconds=_RETRY_SECONDS)
        raise ApiKeyInvalidError

    # --- the thread

    def _run(self) -> None:
        noted_at = time.monotonic()
        while not self._stopping.is_set():
            self._read()
            if time.monotonic() - noted_at >= self._timing.note_uses:
                self._note_uses()
                noted_at = time.monotonic()
            self._stopping.wait(self._timing.least_pause)
            self._wanted.wait(max(0.0, self._timing.every - self._timing.least_pause))
            self._wanted.clear()
        self._note_uses()

    def _read(self) -> None:
        asked_at = time.monotonic()
        try:
            found = self._keys.list_keys()
        except Exception as error:  # whatever it is: this thread must go on
            self._tell(False, error)
        else:
            self._snapshot = _Snapshot({key.id: key for key in found}, asked_at)
            self._tell(True)
        self._waiting.wake()

    def _note_uses(self) -> None:
        # A copy, as requests go on meanwhile. There is one place for each key, so it cannot grow.
        used = {key: at for key, at in dict(self._used).items() if at > self._noted_until}
        if not used:
            return
        with contextlib.suppress(SightglassError):  # the next time tells of these too
            self._keys.note_uses(used)
            self._noted_until = max(used.values())

    def _tell(self, reachable: bool, error: Exception | None = None) -> None:
        """One line when the database goes, and one when it is back."""
        if reachable == self._reachable:
            return
        self._reachable = reachable
        if reachable:
            log.info("api_keys_reachable")
        else:
            log.error("api_keys_unreachable", error=type(error).__name__)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
