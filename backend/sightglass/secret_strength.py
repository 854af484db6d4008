"""Whether a secret is one: used by the settings and by `preflight`. Imports nothing of ours."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

SHORTEST = 16
# In placeholders, in examples and at the top of every list of common passwords.
_PLACEHOLDERS = (
    *("changeme", "change_me", "change-me", "replaceme", "replace_me", "replace-me", "example"),
    *("password", "passwort", "secret", "admin", "default", "placeholder", "insecure", "letmein"),
    *("qwerty", "welcome", "sightglass", "postgres", "minio", "grafana", "operator", "mlflow"),
)
_FEWEST_DIFFERENT = 8


def weakness_of(secret: str) -> str | None:
    """What is wrong with a secret, as the end of a sentence; None when it is fit.

    A random value that happens to hold one of the words is refused too: at sixteen random letters
    that is rarer than one in a million, and a new one is easily made.
    """
    if len(secret) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    lowered = secret.lower()
    found = next((word for word in _PLACEHOLDERS if word in lowered), None)
    if found:
        return f'looks like a placeholder ("{found}" is in it)'
    if len(set(secret)) < _FEWEST_DIFFERENT or re.search("0123456789|abcdefgh", lowered):
        return "is too regular to be random"
    return None


def weakness_of_password_in(url: str, *, needed: bool) -> str | None:
    """The same for the password in an address; with `needed`, having none is wrong too."""
    password = urlsplit(url).password
    if password:
        weakness = weakness_of(unquote(password))
        return f"has a password that {weakness}" if weakness else None
    return "has no password" if needed else None
