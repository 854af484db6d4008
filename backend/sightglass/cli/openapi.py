"""`openapi`: the document that clients are generated from. Needs no service and no model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from sightglass.cli.environment import prepare_metrics


def add_to(app: typer.Typer) -> None:
    app.command()(openapi)


def openapi(
    output: Annotated[
        Path | None, typer.Option(help="Write it here instead of showing it.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Only say whether this file is the document of today.")
    ] = None,
) -> None:
    """Show the OpenAPI document of the HTTP API."""
    prepare_metrics()
    from sightglass.api.app import openapi_document

    document = orjson.dumps(openapi_document(), option=orjson.OPT_INDENT_2) + b"\n"
    if check:
        _compare(check, document)
    elif output:
        output.write_bytes(document)
    else:
        typer.echo(document, nl=False)


def _compare(path: Path, document: bytes) -> None:
    found = path.read_bytes() if path.is_file() else None
    if found == document:
        return
    state = "is stale" if found is not None else "is not there"
    typer.secho(f"{path} {state}. Run: make client", fg="red", err=True)
    raise typer.Exit(1)
