"""`preflight`: whether the secrets in the environment are fit for production. Starts nothing.

The compose file runs it before everything else, so that no service ever starts with a placeholder.
"""

from __future__ import annotations

import os

import typer

from sightglass.errors import SightglassError
from sightglass.secret_strength import weakness_of


def add_to(app: typer.Typer) -> None:
    app.command()(preflight)


# What docker-compose.prod.yml hands out. Those of the second group are parts of addresses.
_SECRETS = ("POSTGRES_PASSWORD", "S3_SECRET_KEY", "GRAFANA_ADMIN_PASSWORD", "OPERATOR_PASSWORD")
_SECRETS_IN_ADDRESSES = (
    *("REDIS_PASSWORD", "SIGHTGLASS_DB_PASSWORD", "MLFLOW_DB_PASSWORD", "MONITOR_DB_PASSWORD"),
)
_NAMES = ("S3_ACCESS_KEY",)
_SAFE_IN_ADDRESSES = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def preflight() -> None:
    """Check the secrets of the production stack; exit status 1 names those that are not fit."""
    complaints = [*_missing(), *_weak(), *_repeated(), *_public_url(), *_settings()]
    for complaint in complaints:
        typer.secho(complaint, fg="red", err=True)
    if complaints:
        typer.echo(
            "Nothing was started. scripts/make-env makes a .env with random secrets.", err=True
        )
        raise typer.Exit(1)
    typer.echo("The secrets are fit for production.")


def _missing() -> list[str]:
    names = (*_SECRETS, *_SECRETS_IN_ADDRESSES, *_NAMES)
    return [f"{name} is not set." for name in names if not os.environ.get(name)]


def _weak() -> list[str]:
    complaints = []
    for name in (*_SECRETS, *_SECRETS_IN_ADDRESSES):
        value = os.environ.get(name, "")
        weakness = weakness_of(value) if value else None
        if weakness:
            complaints.append(f"{name} {weakness}.")
        elif name in _SECRETS_IN_ADDRESSES and not set(value) <= _SAFE_IN_ADDRESSES:
            complaints.append(f"{name} becomes part of an address: only letters, digits and -._~.")
    return complaints


def _repeated() -> list[str]:
    """One secret for two purposes lets whoever learns it in one place into the other."""
    places: dict[str, list[str]] = {}
    for name in (*_SECRETS, *_SECRETS_IN_ADDRESSES):
        if value := os.environ.get(name):
            places.setdefault(value, []).append(name)
    return [f"{' and '.join(names)} are the same." for names in places.values() if len(names) > 1]


def _public_url() -> list[str]:
    url = os.environ.get("PUBLIC_URL", "")
    if url.startswith("https://") and not url.endswith("/"):
        return []
    return ["PUBLIC_URL must be the site's https address without a slash at its end."]


def _settings() -> list[str]:
    """What the settings themselves refuse in production."""
    from sightglass.settings import load_settings

    try:
        settings = load_settings()
    except SightglassError as error:
        return [error.message]
    return [] if settings.in_production else ["ENVIRONMENT must be production."]
