"""`audit`: who changed what is served, or who may use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer

from sightglass.cli.environment import prepare_metrics, settings_from


def add_to(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    limit: Annotated[int, typer.Option(min=1, max=200, help="The newest so many entries.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Show the audit log, newest first: keys, served models, restored backups."""
    settings = settings_from()
    prepare_metrics()
    from sightglass.access.audit import AuditLog
    from sightglass.access.reachable import reachable
    from sightglass.storage import database

    with reachable():
        database.migrate(settings.resolved_database_url)
    engine = database.create_engine(settings.resolved_database_url)
    try:
        entries = AuditLog(engine).list_entries(limit).entries
    finally:
        engine.dispose()
    rows = [
        {
            "at": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds"),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "details": entry.details,
            "request_id": entry.request_id,
            "host": entry.host,
        }
        for entry in entries
    ]
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps(row).decode())
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for heading in ("at", "actor", "action", "subject", "details", "host"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        shown = {**row, "details": orjson.dumps(row["details"]).decode()}
        table.add_row(*(escape(str(shown[str(column.header)])) for column in table.columns))
    Console().print(table)
