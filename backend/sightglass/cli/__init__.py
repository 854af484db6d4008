"""The command line. Each group of commands has its own module; `main` puts them together.

Options are written into the environment, where the settings read them: so a child process, a
uvicorn worker for one, sees the same.
"""

from __future__ import annotations

import sys

import structlog
import typer

from sightglass import __version__
from sightglass.cli import (
    audit,
    backup,
    bench,
    detect,
    doctor,
    keys,
    migrate,
    models,
    openapi,
    preflight,
    serving,
)
from sightglass.errors import SightglassError

app = typer.Typer(
    name="sightglass",
    help="Serve vision models, watch what they see, and improve them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sightglass {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Serve vision models, watch what they see, and improve them."""


serving.add_to(app)
detect.add_to(app)
models.add_to(app)
keys.add_to(app)
audit.add_to(app)
backup.add_to(app)
migrate.add_to(app)
bench.add_to(app)
doctor.add_to(app)
openapi.add_to(app)
preflight.add_to(app)


def main() -> None:
    """Run the command line; a known error is one line, on stderr or in the log of a process that
    has one, and exit status 1.
    """
    try:
        app()
    except SightglassError as error:
        if structlog.is_configured():
            structlog.get_logger(__name__).critical(
                "cannot_start", code=error.code, reason=error.message
            )
            sys.exit(1)
        typer.secho(f"sightglass: {error.message}", fg="red", err=True)
        sys.exit(1)
