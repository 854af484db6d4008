"""`backup create | verify | restore | list`: all that the platform keeps, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sightglass.cli.environment import prepare_metrics, settings_from
from sightglass.errors import SetupError

Folder = Annotated[Path, typer.Argument(help="The folder of backups; made when it is missing.")]
File = Annotated[Path, typer.Argument(help="A backup.")]
StateDir = Annotated[Path | None, typer.Option(help="Where everything is kept (STATE_DIR).")]

_backup = typer.Typer(help="Back up and restore all that the platform keeps.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(_backup, name="backup")


@_backup.command()
def create(
    folder: Folder,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove all but so many backups afterwards.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out redis, images, models or mlflow; may be given again."),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Write a backup, also while the platform runs; prints its path."""
    settings = settings_from(state_dir=state_dir)
    prepare_metrics()
    from sightglass.backup import shelf
    from sightglass.backup.create import Part
    from sightglass.backup.create import create as create_backup
    from sightglass.supervision import borrowed_services

    try:
        left_out = {Part(name) for name in without or ()}
    except ValueError:
        raise SetupError(f"--without takes {', '.join(Part)}.") from None
    elsewhere = "mlflow_tracking_uri" in settings.model_fields_set
    if elsewhere and settings.mlflow_database_url is None and Part.MLFLOW not in left_out:
        raise SetupError(
            "MLFLOW_TRACKING_URI names an MLflow of your own: name its database with "
            "MLFLOW_DATABASE_URL, or leave it out with --without mlflow."
        )
    with borrowed_services(settings) as reached:
        path = create_backup(reached, folder, without=left_out, say=_say)
    typer.echo(path)
    for gone in shelf.keep_newest(path, keep) if keep else ():
        _say(f"removed {gone.name}")


@_backup.command()
def verify(file: File) -> None:
    """Read a whole backup and compare it with its checksums; exit status 1 when it is damaged."""
    prepare_metrics()
    from sightglass.backup import archive

    manifest = archive.verify(file)
    rows = {name: each["rows"] for name, each in manifest["sql"]["tables"].items()}
    typer.echo(f"{file} is whole.")
    typer.echo(f"made {manifest['created_at']} by Sightglass {manifest['version']}")
    typer.echo(f"schema {manifest['sql']['revision']}, from {manifest['sql']['dialect']}")
    counts = {
        "predictions": rows.get("predictions", 0),
        "verdicts": rows.get("prediction_verdicts", 0),
        "API keys": rows.get("api_keys", 0),
        "still in the journal": manifest.get("journal", "left out"),
        "tasks": manifest.get("tasks", "left out"),
        "pictures": manifest.get("images", "left out"),
        "MLflow runs": _mlflow_rows(manifest, "runs"),
        "MLflow traces": _mlflow_rows(manifest, "trace_info"),
    }
    for name, count in counts.items():
        typer.echo(f"  {name:<22}{count}")


@_backup.command()
def restore(
    file: File,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the databases hold now.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Bring a backup back. Stop the API, worker, beat and drain first."""
    settings = settings_from(state_dir=state_dir)
    prepare_metrics()
    from sightglass.backup.restore import restore as restore_backup
    from sightglass.supervision import borrowed_services

    with borrowed_services(settings, alone=True) as reached:
        manifest = restore_backup(reached, file, force=force, say=_say)
    typer.echo(f"Restored what was there at {manifest['created_at']}. Start the platform now.")


@_backup.command(name="list")
def list_all(folder: Folder) -> None:
    """List the backups of a folder, newest first."""
    prepare_metrics()
    from sightglass.backup import shelf

    for shelved in shelf.list_backups(folder):
        size = f"{shelved.size_bytes / (1 << 20):,.1f} MiB"
        typer.echo(f"{shelved.path}  {size:>14}  {shelved.written_at:%Y-%m-%d %H:%M:%S} UTC")


def _mlflow_rows(manifest: dict[str, object], table: str) -> object:
    part = manifest.get("mlflow")
    if not isinstance(part, dict):
        return "left out"
    return part["tables"].get(table, {}).get("rows", 0)


def _say(line: str) -> None:
    typer.echo(f"backup: {line}", err=True)
