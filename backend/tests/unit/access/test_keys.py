"""Keys as they are kept: what is stored, what is refused, how they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from sightglass.access.audit import AuditLog
from sightglass.access.caller import Caller, Scope
from sightglass.access.duration import parse_duration
from sightglass.access.key_text import KeyText, is_secret, new_key, parse_key
from sightglass.access.keys import Keys, NewKey, parse_scopes
from sightglass.errors import (
    AccessUnavailableError,
    InvalidParameterError,
    KeyNameTakenError,
    UnknownKeyError,
)
from sightglass.storage.database import create_engine, migrate, reading
from sightglass.storage.tables import api_keys

DETECT = frozenset({Scope.DETECT})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    migrate(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine: Engine) -> Keys:
    return Keys(engine)


def test_a_key_is_taken_apart() -> None:
    made = new_key()
    text = made.joined()
    assert len(text) == 55
    assert parse_key(text) == made
    assert made.secret not in repr(made)
    assert new_key() != made


@pytest.mark.parametrize("text", ["", "sg__", "sg_abcdefgh_short", "sg_ABCDEFGH_" + "a" * 43])
def test_what_is_no_key(text: str) -> None:
    assert parse_key(text) is None
    assert parse_key(new_key().joined() + "\n") is None


def test_only_a_hash_is_stored(keys: Keys, engine: Engine) -> None:
    made, text = keys.create(NewKey("camera", DETECT), actor="test")
    with reading(engine) as connection:
        row = connection.execute(select(api_keys)).mappings().one()
    assert text.secret not in str(dict(row))
    assert is_secret(text.secret, row["secret_sha256"])
    assert not is_secret(text.secret[:-1] + ".", row["secret_sha256"])
    assert made.digest not in repr(made)


def test_made_as_wanted(keys: Keys) -> None:
    wanted = NewKey("camera-1", frozenset(Scope), "20/second", "10000/day", 3600)
    made, text = keys.create(wanted, actor="test")
    assert made == keys.list_keys()[0]
    assert made.caller() == Caller(
        text.id, "camera-1", frozenset(Scope), "20/second", "10000/day", made.lane
    )
    assert made.expires_at == pytest.approx(made.created_at + 3600)
    assert made.is_usable(time.time())
    assert not made.is_usable(time.time() + 3601)


def test_lanes_go_round(keys: Keys) -> None:
    made = [keys.create(NewKey(f"k{number}", DETECT), actor="test")[0] for number in range(8)]
    assert {key.lane for key in made} == {1, 2, 3, 4, 5, 6, 7}
    assert made[0].lane == made[7].lane


def test_a_name_is_given_once(keys: Keys) -> None:
    keys.create(NewKey("camera", DETECT), actor="test")
    keys.revoke("camera", actor="test")
    with pytest.raises(KeyNameTakenError):
        keys.create(NewKey("camera", DETECT), actor="test")
    keys.create(NewKey("Camera", DETECT), actor="test")
    assert len(keys.list_keys()) == 2


def test_revoked_by_id_or_name(keys: Keys) -> None:
    first, _ = keys.create(NewKey("first", DETECT), actor="test")
    keys.create(NewKey("second", DETECT), actor="test")
    ended, now = keys.revoke(first.id, actor="test")
    assert (ended.name, now) == ("first", True)
    assert not ended.is_usable(time.time())
    again, now = keys.revoke("first", actor="test")
    assert (again.revoked_at, now) == (ended.revoked_at, False)
    assert [key.revoked_at is None for key in keys.list_keys()] == [False, True]
    with pytest.raises(UnknownKeyError):
        keys.revoke("third", actor="test")


def test_a_word_that_fits_two_keys_ends_neither(keys: Keys) -> None:
    first, _ = keys.create(NewKey("first", DETECT), actor="test")
    keys.create(NewKey(first.id, DETECT), actor="test")
    with pytest.raises(InvalidParameterError, match="Two keys"):
        keys.revoke(first.id, actor="test")
    assert all(key.revoked_at is None for key in keys.list_keys())
    keys.revoke("first", actor="test")


@pytest.mark.parametrize("name", ["", "-x", "with space", "line\nbreak", "x" * 65, "é", "[red]"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidParameterError):
        NewKey(name, DETECT)


@pytest.mark.parametrize("limit", ["", "20", "0/second", "20/fortnight", "-1/day", "1/day;2/hour"])
def test_limits_that_are_none(limit: str) -> None:
    with pytest.raises(InvalidParameterError):
        NewKey("x", DETECT, rate=limit)
    with pytest.raises(InvalidParameterError):
        NewKey("x", DETECT, quota=limit)


@pytest.mark.parametrize("limit", ["10/999999999999 years", "10/11 years", f"{10**13}/day"])
def test_limits_beyond_what_redis_counts(limit: str) -> None:
    with pytest.raises(InvalidParameterError, match="too much"):
        NewKey("x", DETECT, quota=limit)
    NewKey("x", DETECT, rate="1000000000000/second", quota="10/10 years")


def test_scopes_by_name() -> None:
    assert parse_scopes(["read", "detect", "read"]) == {Scope.READ, Scope.DETECT}
    with pytest.raises(InvalidParameterError, match="read, detect, manage"):
        parse_scopes(["admin"])
    with pytest.raises(InvalidParameterError):
        NewKey("x", frozenset())


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)]
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0d", "90", "-1d", "1y", "1d2h", "٣d"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(InvalidParameterError):
        parse_duration(text)


def test_the_latest_use_is_kept(keys: Keys) -> None:
    made, _ = keys.create(NewKey("camera", DETECT), actor="test")
    keys.note_uses({made.id: 1000.0, "unknown1": 5.0})
    keys.note_uses({made.id: 900.0})
    assert keys.list_keys()[0].last_used_at == 1000.0


def test_changes_are_audited_and_secrets_are_not(keys: Keys, engine: Engine) -> None:
    made, text = keys.create(NewKey("camera", DETECT, rate="5/minute"), actor="cli:ann")
    keys.revoke("camera", actor="cli:ben")
    keys.revoke("camera", actor="cli:ben")
    ended, created = AuditLog(engine).list_entries().entries
    assert (created.action, created.actor, created.subject) == ("key_created", "cli:ann", "camera")
    assert created.details["scopes"] == ["detect"]
    assert created.details["rate"] == "5/minute"
    assert (ended.action, ended.actor, ended.subject) == ("key_revoked", "cli:ben", "camera")
    assert ended.details == {"key_id": made.id}
    assert text.secret not in str([created, ended])
    assert made.digest not in str([created, ended])


def test_database_away(tmp_path: Path) -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(AccessUnavailableError):
        Keys(engine).list_keys()
    engine.dispose()


def test_key_text_is_its_parts() -> None:
    assert KeyText("abcdefgh", "s" * 43).joined() == "sg_abcdefgh_" + "s" * 43
