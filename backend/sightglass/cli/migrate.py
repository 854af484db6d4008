"""`migrate`: the schema of the database, to the newest or to a named revision."""

from __future__ import annotations

from typing import Annotated

import typer

from sightglass.cli.environment import prepare_metrics, settings_from


def add_to(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(
    to: Annotated[
        str | None,
        typer.Option(help="A revision, such as 0002. An older one drops what came after it."),
    ] = None,
) -> None:
    """Bring the database's schema up to date. API and drain do so when they start, too."""
    settings = settings_from()
    prepare_metrics()
    from sightglass.storage import database

    before, after = database.migrate(settings.resolved_database_url, to)
    typer.echo(f"schema {after}" if before == after else f"schema {before or 'none'} -> {after}")
