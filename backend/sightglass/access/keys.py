"""API keys in SQL: made, listed and revoked by the command line, read by every API process.

A key is never removed: its name in metrics, logs and the audit log stays that of one holder.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sightglass.access.audit import Action, append
from sightglass.access.caller import Caller, Scope
from sightglass.access.key_text import KeyText, digest_of, new_key
from sightglass.access.reachable import reachable
from sightglass.errors import (
    InvalidParameterError,
    KeyNameTakenError,
    UnknownKeyError,
)
from sightglass.storage.database import reading, writing
from sightglass.storage.tables import api_keys

LANES = 7  # of the task queue; lane 0 is for callers without a key
_MICRO = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_PERIOD_SECONDS = 10 * 366 * 86_400  # what Redis keeps a count for has an end too
_MOST = 10**12  # Lua counts exactly up to 2^53
# All keys are read every other second: a row is taken apart by place, in a fifth of the time.
_COLUMNS = tuple(
    api_keys.c[name]
    for name in (
        *("seq", "id", "name", "secret_sha256", "scopes", "rate", "quota"),
        *("created_us", "expires_us", "revoked_us", "last_used_us"),
    )
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be. Raises `InvalidParameterError` for what it cannot be."""

    name: str
    scopes: frozenset[Scope]
    rate: str | None = None
    quota: str | None = None
    lifetime_seconds: float | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidParameterError(
                "A name has up to 64 letters, digits, dots, underscores and hyphens, and begins "
                "with a letter or digit."
            )
        if not self.scopes:
            raise InvalidParameterError("A key without a scope is good for nothing.")
        for text in (self.rate, self.quota):
            _check_limit(text)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. Times are seconds since the epoch (UTC)."""

    id: str
    name: str
    digest: str = field(repr=False)
    scopes: frozenset[Scope]
    rate: str | None
    quota: str | None
    lane: int
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None

    def is_usable(self, now: float) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def caller(self) -> Caller:
        """The holder, as the rest of the platform knows it."""
        return Caller(self.id, self.name, self.scopes, self.rate, self.quota, self.lane)


class Keys:
    """Reads and writes over one engine; safe to share between threads.

    Every method raises `AccessUnavailableError` when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_keys(self) -> list[ApiKey]:
        """All keys, the revoked ones too, oldest first."""
        with reachable(), reading(self._engine) as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(api_keys.c.seq)).all()
        return [_key_of(row) for row in rows]

    def create(self, wanted: NewKey, *, actor: str) -> tuple[ApiKey, KeyText]:
        """Make a key; its secret is known to nobody afterwards. Raises `KeyNameTakenError`."""
        text = new_key()
        created_us = time.time_ns() // 1000
        lifetime = wanted.lifetime_seconds
        row = {
            "id": text.id,
            "name": wanted.name,
            "secret_sha256": digest_of(text.secret),
            "scopes": " ".join(sorted(scope.value for scope in wanted.scopes)),
            "rate": wanted.rate,
            "quota": wanted.quota,
            "created_us": created_us,
            "expires_us": None if lifetime is None else created_us + round(lifetime * _MICRO),
        }
        try:
            with reachable(), writing(self._engine) as connection:
                connection.execute(insert(api_keys), [row])
                made = _find(connection, text.id)[0]
                append(connection, Action.KEY_CREATED, made.name, actor=actor, details=_told(made))
        except IntegrityError:
            raise KeyNameTakenError from None
        return made, text

    def revoke(self, id_or_name: str, *, actor: str) -> tuple[ApiKey, bool]:
        """End a key; with it, whether it was not ended before. Raises `UnknownKeyError`, and
        `InvalidParameterError` when one key has this id and another this name.
        """
        with reachable(), writing(self._engine) as connection:
            found = _find(connection, id_or_name)
            if not found:
                raise UnknownKeyError
            if len(found) > 1:
                places = " and ".join(f"{key.name} (id {key.id})" for key in found)
                raise InvalidParameterError(f"Two keys fit: {places}. Say which by the other word.")
            key = found[0]
            if key.revoked_at is not None:
                return key, False
            at = time.time_ns() // 1000
            mine = api_keys.c.id == key.id
            connection.execute(update(api_keys).where(mine).values(revoked_us=at))
            append(
                connection, Action.KEY_REVOKED, key.name, actor=actor, details={"key_id": key.id}
            )
            return _find(connection, key.id)[0], True

    def note_uses(self, used: Mapping[str, float]) -> None:
        """Keep when keys were last used: id -> seconds since the epoch."""
        c = api_keys.c
        with reachable(), writing(self._engine) as connection:
            for identity, at in used.items():
                at_us = round(at * _MICRO)
                # Several processes tell; the latest is kept.
                newer = or_(c.last_used_us.is_(None), c.last_used_us < at_us)
                mine = update(api_keys).where(c.id == identity, newer)
                connection.execute(mine.values(last_used_us=at_us))


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes by name. Raises `InvalidParameterError`."""
    known = ", ".join(scope.value for scope in Scope)
    try:
        return frozenset(Scope(name) for name in names)
    except ValueError:
        raise InvalidParameterError(f"A scope is one of {known}.") from None


def _check_limit(text: str | None) -> None:
    """Raises `InvalidParameterError` for a rate or quota that the limiter would not understand."""
    from limits import parse_many

    if text is None:
        return
    try:
        items = parse_many(text)
    except ValueError:
        items = []
    if len(items) != 1 or items[0].amount < 1 or len(text) > 64:
        raise InvalidParameterError(
            f"{text!r} is no limit: write a number and a period, as in 20/second or 10000/day."
        )
    if items[0].amount > _MOST or items[0].get_expiry() > _LONGEST_PERIOD_SECONDS:
        raise InvalidParameterError(
            f"{text!r} is too much for a limit: at most {_MOST} in at most 10 years."
        )


def _told(key: ApiKey) -> dict[str, object]:
    """What the audit log says of a new key."""
    return {
        "key_id": key.id,
        "scopes": sorted(key.scopes),
        "rate": key.rate,
        "quota": key.quota,
        "expires_at": key.expires_at,
    }


def _find(connection: Connection, id_or_name: str) -> list[ApiKey]:
    c = api_keys.c
    wanted = or_(c.id == id_or_name, c.name == id_or_name)
    query = select(*_COLUMNS).where(wanted).order_by(c.seq)
    return [_key_of(row) for row in connection.execute(query)]


def _key_of(row: Row[*tuple[Any, ...]]) -> ApiKey:
    seq, identity, name, digest, scopes, rate, quota, created, expires, revoked, used = row
    return ApiKey(
        id=identity,
        name=name,
        digest=digest,
        scopes=_known_scopes(scopes),
        rate=rate,
        quota=quota,
        lane=seq % LANES + 1,
        created_at=created / _MICRO,
        expires_at=_seconds(expires),
        revoked_at=_seconds(revoked),
        last_used_at=_seconds(used),
    )


@functools.lru_cache
def _known_scopes(names: str) -> frozenset[Scope]:
    """A scope that a newer version knows is none here."""
    known = {scope.value for scope in Scope}
    return frozenset(Scope(name) for name in names.split() if name in known)


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / _MICRO
