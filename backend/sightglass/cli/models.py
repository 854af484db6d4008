"""`models`: which models can be served from here, and which one is."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from sightglass.cli.environment import prepare_metrics, settings_from


def add_to(app: typer.Typer) -> None:
    app.command()(models)


def models(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List the bundled model and the converted ones; the served one is marked."""
    settings = settings_from()
    prepare_metrics()
    from rich.console import Console
    from rich.table import Table

    from sightglass import bootstrap
    from sightglass.registry.resolve import list_models

    served = bootstrap.build_bundle(settings)
    bundles = {bundle.sha256: bundle for bundle in [served, *list_models(settings.model_cache_dir)]}
    if as_json:
        for bundle in bundles.values():
            row = {
                "name": bundle.name,
                "version": bundle.version,
                "task": bundle.task,
                "classes": bundle.classes,
                "sha256": bundle.sha256,
                "path": str(bundle.onnx_path.parent),
                "served": bundle is served,
            }
            typer.echo(orjson.dumps(row).decode())
        return
    table = Table("", "model", "version", "task", "classes", "mAP50-95", "folder")
    for bundle in bundles.values():
        classes = ", ".join(bundle.classes[:6]) + (" ..." if len(bundle.classes) > 6 else "")
        score = bundle.metrics.get("mAP50-95")
        table.add_row(
            "served" if bundle is served else "",
            bundle.name,
            bundle.version,
            bundle.task.value,
            classes,
            "" if score is None else f"{score:.3f}",
            str(bundle.onnx_path.parent),
        )
    Console().print(table)
