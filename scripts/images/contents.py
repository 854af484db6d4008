"""What lies in a built image: its size, its programs, its libraries, its user."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from images.build import Built

MEGABYTE = 1_000_000
# Nothing to build with, and nothing of training or of a server that serving does not start.
_TOOLS = {"cc", "gcc", "g++", "make", "pip", "pip3", "npm", "node", "git"}
_HEAVY = {"torch", "torchvision", "ultralytics", "pandas", "scipy", "sklearn", "matplotlib"}


def size_bytes(root: Path) -> int:
    """What the unpacked image takes on disk; a file with several names counts once."""
    seen: set[int] = set()
    total = 0
    for path in _everything(root):
        found = path.lstat()
        if found.st_ino not in seen:
            seen.add(found.st_ino)
            total += found.st_blocks * 512
    return total


def faults(image: Built, environment: str) -> list[str]:
    """What should not be so in any of our images; `environment` is where its Python lies."""
    found = []
    if image.config.get("User") in (None, "", "root", "0", "0:0"):
        found.append("it runs as root")
    if not image.config.get("Healthcheck"):
        found.append("it has no health check")
    labels = image.config.get("Labels") or {}
    if not labels.get("org.opencontainers.image.version"):
        found.append("it has no version label")
    for path in _everything(image.root):
        mode = path.lstat().st_mode
        inside = path.relative_to(image.root)
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            found.append(f"/{inside} makes its user somebody else")
        if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
            found.append(f"/{inside} can be written by everybody")
    found += [f"{folder} has {name}" for folder, name in _tools(image.root, environment)]
    found += _left_overs(image.root)
    return found


def heavy_libraries(image: Built) -> list[str]:
    """Libraries that serving is not to bring."""
    packages = image.root.glob("opt/sightglass/lib/python3*/site-packages/*")
    names = {path.name.split("-")[0].lower() for path in packages}
    # mlflow-skinny's folder is called mlflow too; its metadata tells the two apart.
    full = any(image.root.glob("opt/sightglass/lib/python3*/site-packages/mlflow-[0-9]*"))
    return sorted(names & _HEAVY) + (["mlflow with its server"] if full else [])


def _tools(root: Path, environment: str) -> Iterator[tuple[str, str]]:
    for folder in ("usr/bin", "usr/sbin", environment.strip("/") + "/bin"):
        if (root / folder).is_dir():
            for name in sorted({path.name for path in (root / folder).iterdir()} & _TOOLS):
                yield f"/{folder}", name


def _left_overs(root: Path) -> list[str]:
    places = ("root/.cache", "root/.npm", "build", "etc/pip.conf", "run/secrets", "opt/pip")
    return [f"/{place} was left behind" for place in places if (root / place).exists()]


def _everything(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield Path(folder, name)
