"""`keys`: API keys are made, listed and revoked here. The key alone goes to stdout."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from sightglass.cli.environment import prepare_metrics, settings_from

if TYPE_CHECKING:
    from sightglass.access.keys import ApiKey, Keys

keys_app = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)

Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope", help="What it is good for: read, detect or manage; may be given several times."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(keys_app, name="keys")


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is; shown in logs and metrics.")],
    scope: Scopes,
    rate: Annotated[
        str | None, typer.Option(help="Most requests in a time, as in 20/second.")
    ] = None,
    quota: Annotated[
        str | None, typer.Option(help="Most images in a time, as in 10000/day.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long it is valid, as in 12h, 90d or 52w.")
    ] = None,
) -> None:
    """Make a key. It is shown this once, on stdout, and cannot be shown again."""
    with opened_keys() as keys:
        from sightglass.access.audit import command_line_user
        from sightglass.access.duration import parse_duration
        from sightglass.access.keys import NewKey, parse_scopes

        lifetime = parse_duration(expires) if expires else None
        wanted = NewKey(name, parse_scopes(scope), rate, quota, lifetime)
        made, text = keys.create(wanted, actor=command_line_user())
    typer.echo(text.joined())
    _say(f"Key {made.name} (id {made.id}), good for: {', '.join(sorted(made.scopes))}.")
    if made.expires_at is not None:
        _say(f"It expires at {_shown_time(made.expires_at)}.")
    _say("Keep it now: only its hash is stored. Send it as X-API-Key or Authorization: Bearer.")


@keys_app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List all keys, the revoked and expired ones too."""
    with opened_keys() as keys:
        found = keys.list_keys()
    now = time.time()
    if as_json:
        for key in found:
            typer.echo(orjson.dumps(_fields(key, now)).decode())
        return
    from rich.console import Console
    from rich.table import Table

    # Narrow enough for 80 columns with names of usual length; `--json` has the rest.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    widths = {"name": 12, "id": 8, "state": 7, "scopes": 6, "limits": 9, "expires": 10}
    for heading, width in {**widths, "last used": 10}.items():
        table.add_column(heading, overflow="fold", min_width=width)
    for key in found:
        limits = " ".join(filter(None, (key.rate, key.quota)))
        table.add_row(
            *(key.name, key.id, _state(key, now), " ".join(sorted(key.scopes)), limits),
            *(_brief_time(key.expires_at), _brief_time(key.last_used_at)),
        )
    Console().print(table)
    _say("Times are in UTC.")


@keys_app.command()
def revoke(
    key: Annotated[
        str, typer.Argument(help="The id or the name of the key.", metavar="ID_OR_NAME")
    ],
) -> None:
    """End a key for ever. Every process stops taking it within five seconds."""
    with opened_keys() as keys:
        from sightglass.access.audit import command_line_user

        ended, now = keys.revoke(key, actor=command_line_user())
    _say(f"Key {ended.name} (id {ended.id}) is revoked." if now else f"{ended.name} was so before.")


@contextmanager
def opened_keys() -> Iterator[Keys]:
    """The keys in the database of the settings, whose tables are made when they are not there.

    Raises `SetupError` and `AccessUnavailableError`.
    """
    settings = settings_from()
    prepare_metrics()
    from sightglass.access.keys import Keys
    from sightglass.access.reachable import reachable
    from sightglass.storage import database

    url = settings.resolved_database_url
    with reachable():
        database.migrate(url)
    engine = database.create_engine(url)
    try:
        yield Keys(engine)
    finally:
        engine.dispose()


def _state(key: ApiKey, now: float) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "usable" if key.is_usable(now) else "expired"


def _fields(key: ApiKey, now: float) -> dict[str, Any]:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        "name": key.name,
        "id": key.id,
        "state": _state(key, now),
        "scopes": sorted(key.scopes),
        "rate": key.rate,
        "quota": key.quota,
        "lane": key.lane,
        **{name: _shown_time(getattr(key, name)) or None for name in times},
    }


def _shown_time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _brief_time(seconds: float | None) -> str:
    return _shown_time(seconds)[:16].replace("T", " ")


def _say(line: str) -> None:
    """To people: stdout is for the key alone."""
    typer.echo(line, err=True)
