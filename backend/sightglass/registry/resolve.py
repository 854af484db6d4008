"""From MODEL_PATH to a bundle: a folder, an `.onnx` file, or `.pt` weights.

Weights are converted once, in a process of its own, and kept by their sha256; so a server that
starts again, or beside another one, finds them converted.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sightglass.engine.bundle import FACTS_FILE, ModelBundle, load_bundle, sha256_of
from sightglass.errors import HeavyRequirementsError, ModelBundleError

_CONVERT_SECONDS = 600


def resolve_model(path: Path, cache_dir: Path) -> ModelBundle:
    """The bundle that `path` stands for. `.pt` weights are converted into `cache_dir`.

    Raises `ModelBundleError` when there is nothing usable, `HeavyRequirementsError` when weights
    are to be converted and torch or ultralytics is not installed.
    """
    if path.suffix.lower() != ".pt" or path.is_dir():
        return load_bundle(path)
    if not path.is_file():
        raise ModelBundleError(f"There is no model at {path}.")
    cached = cache_dir / f"{path.stem}-{sha256_of(path)[:16]}"
    if not (cached / FACTS_FILE).is_file():
        _require_heavy(path)
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _only_one(cache_dir / f".{cached.name}.lock"):
            if not (cached / FACTS_FILE).is_file():
                _convert(path, cached)
    return load_bundle(cached)


def list_models(cache_dir: Path) -> list[ModelBundle]:
    """The converted models that are kept, by name; damaged ones are left out."""
    found = []
    for facts in sorted(cache_dir.glob(f"*/{FACTS_FILE}")):
        try:
            found.append(load_bundle(facts.parent))
        except ModelBundleError:
            continue
    return found


def _require_heavy(path: Path) -> None:
    # Asked here and not of `training`: serving must not import what imports torch.
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        raise HeavyRequirementsError(
            f"{path.name} holds weights, which are converted before they are served. "
            f"{HeavyRequirementsError.default_message}, or give an exported .onnx file."
        )


def _convert(weights: Path, target: Path) -> None:
    """Convert into a folder beside the target, and move it into place once it is whole."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as scratch:
        folder = Path(scratch) / "bundle"
        facts = Path(scratch) / "facts.json"
        facts.write_text(json.dumps({"source": f"converted from {weights.name}"}))
        command = [sys.executable, "-m", "sightglass.training.export"]
        command += [str(weights.absolute()), str(folder), "--facts", str(facts)]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, arguments as a list
                command, capture_output=True, text=True, timeout=_CONVERT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ModelBundleError(
                f"Converting {weights.name} took longer than {_CONVERT_SECONDS} s."
            ) from None
        if done.returncode != 0:
            raise ModelBundleError(_last_line(done.stderr, weights))
        shutil.rmtree(target, ignore_errors=True)  # left half removed by an interrupted clean-up
        folder.replace(target)


def _last_line(stderr: str, weights: Path) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    reason = lines[-1].removeprefix(f"{ModelBundleError.code}: ") if lines else "no reason given"
    return reason if weights.name in reason else f"{weights.name} could not be converted: {reason}"


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold a lock between processes; it falls with the process that holds it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
