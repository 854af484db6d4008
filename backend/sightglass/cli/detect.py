"""`detect`: the model on files, folders and addresses, without a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from sightglass.cli.environment import prepare_metrics, settings_from
from sightglass.errors import SightglassError, TooManyBytesError

if TYPE_CHECKING:
    from rich.console import Console

    from sightglass.predictions.service import Predictor
    from sightglass.settings import Settings

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


def add_to(app: typer.Typer) -> None:
    app.command()(detect)


def detect(
    sources: Annotated[list[str], typer.Argument(help="Files, folders or http(s) addresses.")],
    conf: Annotated[float | None, typer.Option(min=0, max=1, help="Lowest confidence.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Folder for the pictures with their boxes drawn.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line instead of a table.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="A bundle folder, .onnx or .pt (MODEL_PATH).")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Journal the predictions, as the server does.")
    ] = False,
) -> None:
    """Detect objects in pictures; exit status 1 when a picture could not be read."""
    settings = settings_from(model_path=model, confidence_threshold=conf)
    prepare_metrics()
    from rich.console import Console
    from rich.progress import track

    from sightglass import bootstrap

    screen = Console(stderr=True)
    pictures = list(_expand(sources))
    if not pictures:
        screen.print("No pictures found there.")
        raise typer.Exit(1)
    if save:
        save.mkdir(parents=True, exist_ok=True)
    journal = bootstrap.build_journal(settings) if record else None
    predictor = bootstrap.build_predictor(settings, journal)
    rows = []
    for number, picture in enumerate(
        track(pictures, "Detecting", console=screen, disable=len(pictures) < 2)
    ):
        row = _one(picture, predictor, settings, save, number)
        rows.append(row)
        if as_json:
            typer.echo(orjson.dumps(row).decode())
    if journal is not None:
        journal.close()
    if not as_json:
        _show(rows, Console())
    raise typer.Exit(1 if any("error" in row for row in rows) else 0)


def _expand(sources: list[str]) -> Iterator[str]:
    """Every picture that is meant: folders stand for the pictures in them."""
    for source in sources:
        folder = Path(source)
        if folder.is_dir():
            yield from (str(p) for p in sorted(folder.rglob("*")) if p.suffix.lower() in _SUFFIXES)
        else:
            yield source


def _one(
    picture: str, predictor: Predictor, settings: Settings, save: Path | None, number: int
) -> dict[str, Any]:
    from sightglass.predictions.answer import answer_of
    from sightglass.predictions.record import Source
    from sightglass.predictions.service import PredictionRequest

    try:
        data = _read(picture, settings.max_file_size)
        name = Path(picture).name
        request = PredictionRequest(Source.CLI, image_name=name, annotate=save is not None)
        answer = predictor.predict(data, request)
    except SightglassError as error:
        return {"source": picture, "error": {"code": error.code, "message": error.message}}
    except OSError as error:
        message = error.strerror or "cannot be read"
        return {"source": picture, "error": {"code": "unreadable", "message": message}}
    row = {"source": picture, **answer_of(answer.prediction)}
    if save is not None and answer.annotated is not None:
        target = save / f"{Path(picture).stem}.jpg"
        if target.exists():
            target = save / f"{Path(picture).stem}-{number}-{time.time_ns()}.jpg"
        target.write_bytes(answer.annotated)
        row["saved"] = str(target)
    return row


def _read(picture: str, max_bytes: int) -> bytes:
    if not picture.startswith(("http://", "https://")):
        path = Path(picture)
        if path.stat().st_size > max_bytes:
            raise TooManyBytesError(f"More than MAX_FILE_SIZE ({max_bytes} bytes).")
        return path.read_bytes()
    import httpx

    received = bytearray()
    try:
        with httpx.stream("GET", picture, follow_redirects=True, timeout=20) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) > max_bytes:
                    raise TooManyBytesError(f"More than MAX_FILE_SIZE ({max_bytes} bytes).")
    except httpx.HTTPStatusError as error:
        raise OSError(0, f"the server answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(0, "the address cannot be fetched") from error
    return bytes(received)


def _show(rows: list[dict[str, Any]], screen: Console) -> None:
    from rich.table import Table

    table = Table("picture", "found", "milliseconds", "saved")
    for row in rows:
        if "error" in row:
            table.add_row(row["source"], f"[red]{row['error']['message']}[/red]", "", "")
            continue
        found = ", ".join(f"{d['name']} {d['confidence']:.2f}" for d in row["detections"])
        found = found or ", ".join(
            f"{c['name']} {c['confidence']:.2f}" for c in row.get("classifications", [])[:3]
        )
        milliseconds = f"{row['processing_time'] * 1000:.1f}"
        table.add_row(row["source"], found or "nothing", milliseconds, row.get("saved", ""))
    screen.print(table)
