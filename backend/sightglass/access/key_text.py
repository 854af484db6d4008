"""What a key looks like, and what is kept of it.

`sg_<id>_<secret>`: the id is public and finds the row, the secret proves it. The prefix lets
scanners of repositories recognise a key that leaked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 8
_SECRET_BYTES = 32  # 43 characters of URL-safe base64
_KEY = re.compile(r"sg_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key taken apart. Not shown by `repr`, so that no log or traceback tells it."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyText({self.id})"

    def joined(self) -> str:
        """The key as its holder has it."""
        return f"sg_{self.id}_{self.secret}"


def new_key() -> KeyText:
    identity = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    return KeyText(identity, secrets.token_urlsafe(_SECRET_BYTES))


def parse_key(text: str) -> KeyText | None:
    """The parts of a key, None when it cannot be one."""
    found = _KEY.fullmatch(text)
    return KeyText(found[1], found[2]) if found else None


def digest_of(secret: str) -> str:
    """SHA-256 in hex: what is stored.

    A slow hash protects what people choose, as it makes guessing expensive. A secret of 256 random
    bits cannot be guessed at any speed, and it is checked at every request.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, digest: str) -> bool:
    """Whether this secret has this digest, in a time that tells nothing."""
    return hmac.compare_digest(digest_of(secret), digest)
