"""Keys from memory: found, refused, ended, and what a flood of made-up keys costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sightglass.access.caller import EVERYONE, Scope
from sightglass.access.directory import KeyDirectory, Timing
from sightglass.access.key_text import KeyText, new_key
from sightglass.access.keys import ApiKey, Keys, NewKey
from sightglass.errors import AccessUnavailableError, ApiKeyInvalidError
from sightglass.storage.database import create_engine, migrate

DETECT = frozenset({Scope.DETECT})
QUICK = Timing(every=0.2, least_pause=0.05, longest_wait=10.0, note_uses=0.1)


class CountedKeys(Keys):
    """Real keys in SQLite, and how often they were read."""

    readings = 0

    def list_keys(self) -> list[ApiKey]:
        self.readings += 1
        return super().list_keys()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    migrate(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine: Engine) -> CountedKeys:
    return CountedKeys(engine)


@pytest.fixture
def opened(keys: CountedKeys) -> Iterator[Callable[[Timing], KeyDirectory]]:
    """Makes started directories and closes them."""
    made: list[KeyDirectory] = []

    def start(timing: Timing = QUICK) -> KeyDirectory:
        made.append(KeyDirectory(keys, timing))
        made[-1].start()
        return made[-1]

    yield start
    for directory in made:
        directory.close()


def until(true: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up_at, f"waited in vain for: {what}"
        time.sleep(0.02)


def is_taken(directory: KeyDirectory, text: KeyText) -> bool:
    try:
        asyncio.run(directory.find(text.joined()))
    except ApiKeyInvalidError:
        return False
    return True


Opened = Callable[..., KeyDirectory]


def test_the_holder_is_found(keys: CountedKeys, opened: Opened) -> None:
    made, text = keys.create(NewKey("camera", DETECT, "5/second"), actor="test")
    assert asyncio.run(opened().find(text.joined())) == made.caller()


def test_a_key_made_this_moment_is_found(keys: CountedKeys, opened: Opened) -> None:
    directory = opened(Timing(every=60.0))
    until(lambda: keys.readings > 0, "the first reading")
    made, text = keys.create(NewKey("new", DETECT), actor="test")
    assert asyncio.run(directory.find(text.joined())) == made.caller()


def test_wrong_expired_and_unknown_are_refused_alike(keys: CountedKeys, opened: Opened) -> None:
    _, right = keys.create(NewKey("right", DETECT), actor="test")
    _, expired = keys.create(NewKey("old", DETECT, lifetime_seconds=0.000001), actor="test")
    directory = opened()
    wrong = KeyText(right.id, new_key().secret)
    messages = set()
    for text in (wrong.joined(), expired.joined(), new_key().joined(), "nonsense", ""):
        with pytest.raises(ApiKeyInvalidError) as refused:
            asyncio.run(directory.find(text))
        messages.add(refused.value.message)
    assert len(messages) == 1


def test_a_revoked_key_ends_soon(keys: CountedKeys, opened: Opened) -> None:
    made, text = keys.create(NewKey("camera", DETECT), actor="test")
    directory = opened()
    caller = asyncio.run(directory.find(text.joined()))
    assert directory.is_usable(caller)
    keys.revoke(made.id, actor="test")
    until(lambda: not is_taken(directory, text), "the end of the key")
    assert not directory.is_usable(caller)
    assert directory.is_usable(EVERYONE)


def test_a_key_expires_without_a_reading(keys: CountedKeys, opened: Opened) -> None:
    _, text = keys.create(NewKey("short", DETECT, lifetime_seconds=1.5), actor="test")
    directory = opened(Timing(every=60.0))
    assert is_taken(directory, text)
    readings = keys.readings
    until(lambda: not is_taken(directory, text), "its end")
    assert keys.readings == readings


def test_known_keys_cost_no_readings(keys: CountedKeys, opened: Opened) -> None:
    _, text = keys.create(NewKey("camera", DETECT), actor="test")
    directory = opened(Timing(every=60.0))

    async def often() -> None:
        for _ in range(5000):
            await directory.find(text.joined())

    asyncio.run(often())
    assert keys.readings <= 2  # at the start, and for the first request when it came meanwhile


def test_a_flood_of_made_up_keys_costs_few_readings(keys: CountedKeys, opened: Opened) -> None:
    directory = opened(Timing(every=60.0, least_pause=0.25))

    async def flood() -> int:
        found = await asyncio.gather(
            *(directory.find(new_key().joined()) for _ in range(2000)), return_exceptions=True
        )
        return sum(isinstance(each, ApiKeyInvalidError) for each in found)

    began = time.monotonic()
    assert asyncio.run(flood()) == 2000
    assert keys.readings <= 3 + (time.monotonic() - began) / 0.25


def test_last_uses_are_told_now_and_then(keys: CountedKeys, opened: Opened) -> None:
    _, text = keys.create(NewKey("camera", DETECT), actor="test")
    directory = opened()
    assert is_taken(directory, text)
    until(lambda: keys.list_keys()[0].last_used_at is not None, "the first use")
    first = keys.list_keys()[0].last_used_at
    assert first is not None
    assert is_taken(directory, text)
    until(lambda: (keys.list_keys()[0].last_used_at or 0) > first, "the second use")


def test_last_uses_are_told_at_the_end(keys: CountedKeys) -> None:
    _, text = keys.create(NewKey("camera", DETECT), actor="test")
    directory = KeyDirectory(keys)
    directory.start()
    assert is_taken(directory, text)
    directory.close()
    until(lambda: keys.list_keys()[0].last_used_at is not None, "the use")


def test_without_tables_nobody_is_called_invalid(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    directory = KeyDirectory(Keys(engine), QUICK)
    directory.start()
    with pytest.raises(AccessUnavailableError) as refused:
        asyncio.run(directory.find(new_key().joined()))
    assert refused.value.retry_after_seconds >= 1
    directory.close()
    engine.dispose()
