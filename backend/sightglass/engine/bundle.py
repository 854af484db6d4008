"""The model bundle: a folder with `model.onnx` and `model.json`, or a bare Ultralytics `.onnx`.

`load_bundle` is the one way from a path to something the engine may trust: the file is the one
that was measured (sha256), its task is served, and its head is known.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sightglass.engine.types import Task
from sightglass.errors import ModelBundleError

MODEL_FILE = "model.onnx"
FACTS_FILE = "model.json"
CARD_FILE = "MODEL_CARD.md"
MAX_CARD_BYTES = 1 << 20  # it is kept in memory, and sent to browsers
DEFAULT_CONFIDENCE = 0.25  # ultralytics' defaults for prediction
DEFAULT_IOU = 0.7


class Head(StrEnum):
    """How the outputs of the network are to be read."""

    RAW = "raw"  # YOLOv8 / 11: (1, 4 + classes [+ masks], anchors), NMS outside
    END2END = "end2end"  # YOLO26, or exported with NMS: (1, rows, 6 [+ masks]), nothing to suppress
    CLASSIFY = "classify"  # (1, classes)


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A checked model. `input_size` is (height, width); thresholds are the model's defaults."""

    onnx_path: Path
    name: str
    version: str
    task: Task
    classes: tuple[str, ...]
    input_size: tuple[int, int]
    stride: int
    confidence: float
    iou: float
    head: Head
    sha256: str
    metrics: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    license: str = ""
    description: str = ""
    card: str | None = field(default=None, repr=False)  # Markdown for people


Side = Annotated[int, Field(ge=8, le=8192)]


class Thresholds(BaseModel):
    """The model's own defaults for `conf` and `iou`."""

    model_config = ConfigDict(extra="forbid")
    confidence: float = Field(DEFAULT_CONFIDENCE, ge=0, le=1)
    iou: float = Field(DEFAULT_IOU, ge=0, le=1)


class ModelFacts(BaseModel):
    """The content of `model.json`. Unknown keys are an error, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())
    format: int = Field(1, ge=1, le=1)
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")
    task: Task
    classes: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(min_length=1)
    input_size: tuple[Side, Side]
    stride: int = Field(32, ge=1, le=256)
    thresholds: Thresholds = Field(default_factory=lambda: Thresholds())
    head: Head
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    metrics: dict[str, float] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    source: str = ""
    license: str = ""
    description: str = ""


def load_bundle(path: Path) -> ModelBundle:
    """The model at `path`: a bundle folder, or an `.onnx` file that Ultralytics exported.

    Raises `ModelBundleError` with what is wrong and what to do about it.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise ModelBundleError(f"There is no model at {path}.")
    if path.suffix.lower() != ".onnx":
        raise ModelBundleError(
            f"{path.name} is not a model that is served as it is: give a bundle folder, an .onnx "
            "file, or .pt weights (converted once)."
        )
    if (path.parent / FACTS_FILE).is_file() and path.name == MODEL_FILE:
        return _from_folder(path.parent)
    return bundle_from(path, read_metadata(path, sha256_of(path)))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_name(stem: str) -> str:
    """A file's stem as a name that fits into a URL and a metric."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in stem)
    return safe.lstrip("._-")[:128] or "model"


def bundle_from(onnx_path: Path, facts: ModelFacts, card: str | None = None) -> ModelBundle:
    """Facts joined with the file that they describe."""
    fields = facts.model_dump(exclude={"format", "thresholds"})
    return ModelBundle(
        onnx_path=onnx_path,
        confidence=facts.thresholds.confidence,
        iou=facts.thresholds.iou,
        card=card,
        **fields,
    )


def _from_folder(folder: Path) -> ModelBundle:
    onnx_path, facts_path = folder / MODEL_FILE, folder / FACTS_FILE
    for needed in (onnx_path, facts_path):
        if not needed.is_file():
            raise ModelBundleError(f"The model bundle {folder} has no {needed.name}.")
    try:
        facts = ModelFacts.model_validate_json(facts_path.read_bytes())
    except ValidationError as error:
        raise ModelBundleError(f"{facts_path}: {_first_problem(error)}") from None
    if sha256_of(onnx_path) != facts.sha256:
        raise ModelBundleError(
            f"{onnx_path} is not the file that {FACTS_FILE} describes: its sha256 differs. "
            "Copy the bundle again, or export it again."
        )
    return bundle_from(onnx_path, facts, _find_card(folder / CARD_FILE))


def _find_card(path: Path) -> str | None:
    """The model card; None when there is none, or nothing that can be shown."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CARD_BYTES + 1)
    except OSError:
        return None
    return data.decode(errors="replace") if 0 < len(data) <= MAX_CARD_BYTES else None


def read_metadata(path: Path, sha256: str) -> ModelFacts:
    """The facts that Ultralytics writes into an `.onnx` file. Raises `ModelBundleError`."""
    import onnx  # only needed here: a bundle folder is served without it

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception:  # protobuf raises its own, undocumented classes
        raise ModelBundleError(f"{path} is not an ONNX file, or is damaged.") from None
    if not model.graph.input or not model.graph.output:
        raise ModelBundleError(f"{path} is not an ONNX file, or is damaged.")
    props = {prop.key: prop.value for prop in model.metadata_props}
    if "names" not in props or "task" not in props:
        raise ModelBundleError(
            f"{path} carries no Ultralytics metadata (names, task): put it into a folder as "
            f"{MODEL_FILE} beside a {FACTS_FILE} that tells its classes, task and head."
        )
    try:
        return _facts_of(props, path.stem, sha256)
    except ValidationError as error:
        raise ModelBundleError(f"{path}: {_first_problem(error)}") from None
    except (ValueError, SyntaxError, TypeError, KeyError):
        raise ModelBundleError(f"The metadata of {path} is malformed.") from None


def _facts_of(props: dict[str, str], name: str, sha256: str) -> ModelFacts:
    task = _served_task(props["task"])
    names = ast.literal_eval(props["names"])
    classes = tuple(str(names[index]) for index in range(len(names)))
    size = ast.literal_eval(props.get("imgsz", "[640, 640]"))
    height, width = (size, size) if isinstance(size, int) else size
    nms_inside = ast.literal_eval(props.get("args", "{}")).get("nms") is True
    end2end = props.get("end2end", "False") == "True" or nms_inside
    head = Head.CLASSIFY if task is Task.CLASSIFY else Head.END2END if end2end else Head.RAW
    return ModelFacts(
        name=model_name(name),
        version=sha256[:12],
        task=task,
        classes=classes,
        input_size=(height, width),
        stride=int(float(props.get("stride", "32"))),
        head=head,
        sha256=sha256,
        license=props.get("license", ""),
        description=props.get("description", ""),
        source=props.get("docs", ""),
    )


def _served_task(word: str) -> Task:
    try:
        return Task(word)
    except ValueError:
        raise ModelBundleError(
            f"Models for the task {word!r} are not served: only detect, segment and classify."
        ) from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
