"""What counts as a secret."""

from __future__ import annotations

import secrets
import string

import pytest

from sightglass.errors import SetupError
from sightglass.secret_strength import weakness_of, weakness_of_password_in
from sightglass.settings import load_settings


@pytest.mark.parametrize(
    ("secret", "weakness"),
    [
        ("", "shorter"),
        ("x7Kq2mVn9RtZ4pL", "shorter"),
        ("x7Kq2mVn9RtZ4pLw", None),
        ("please_changeme_soon", "placeholder"),
        ("MyPassword-is-long-enough", "placeholder"),
        ("sightglass-on-prod-2", "placeholder"),
        ("xxxxxxxxxxxxxxxxxxxx", "too regular"),
        ("abababababababababab", "too regular"),
        ("01234567890123456789", "too regular"),
    ],
)
def test_weakness(secret: str, weakness: str | None) -> None:
    found = weakness_of(secret)
    assert found is None if weakness is None else weakness in str(found)


def test_random_ones_are_never_refused() -> None:
    letters = string.ascii_letters + string.digits
    for _ in range(2000):
        assert weakness_of("".join(secrets.choice(letters) for _ in range(24))) is None
        assert weakness_of(secrets.token_hex(20)) is None


@pytest.mark.parametrize(
    ("url", "needed", "weakness"),
    [
        ("redis://redis:6379/0", True, "has no password"),
        ("redis://redis:6379/0", False, None),
        ("redis://:short@redis:6379/0", True, "has a password that is shorter"),
        ("redis://:x7Kq2mVn9RtZ4pLw@redis:6379/0", True, None),
        ("postgresql://u:%63hangeme-%63hangeme@db/x", False, "has a password that looks like"),
    ],
)
def test_passwords_in_addresses(url: str, needed: bool, weakness: str | None) -> None:
    found = weakness_of_password_in(url, needed=needed)
    assert found is None if weakness is None else weakness in str(found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"redis_url": "redis://redis:6379/0"},
        {"redis_url": "redis://:changeme@redis:6379/0"},
        {"database_url": "postgresql://sightglass:changeme@db/sightglass"},
    ],
)
def test_production_refuses_weak_passwords_on_a_network(wrong: dict[str, str]) -> None:
    load_settings(**wrong)
    with pytest.raises(SetupError, match=next(iter(wrong)).upper()):
        load_settings(environment="production", **wrong)


@pytest.mark.parametrize(
    "fit",
    [
        {"redis_url": "redis://127.0.0.1:6379/0"},
        {"redis_url": "unix:///run/redis/redis.sock"},
        {"redis_url": "redis://:x7Kq2mVn9RtZ4pLw@redis:6379/0"},
        {"database_url": "sqlite:////var/lib/sightglass/sightglass.db"},
        {"database_url": "postgresql://sightglass@/sightglass?host=/run/postgresql"},
        {"database_url": "postgresql://sightglass@db/sightglass?sslcert=client.pem"},
        {"database_url": "postgresql://postgres:postgres@localhost/sightglass"},
    ],
)
def test_production_takes_what_is_safe(fit: dict[str, str]) -> None:
    assert load_settings(environment="production", **fit).in_production
