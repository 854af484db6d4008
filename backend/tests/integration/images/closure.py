"""What a list of requirements installs, and which modules that leaves out."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[4]


def read_requirements(file: Path) -> list[Requirement]:
    """Those of a file and of the files that it takes in."""
    found = []
    for line in file.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r"):
            found += read_requirements(file.parent / text.removeprefix("-r").strip())
        elif text:
            found.append(Requirement(text))
    return found


def closure(requirements: list[Requirement]) -> set[str]:
    """Canonical names of all that pip would install, as far as it is installed here."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(requirements)
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in seen:
            continue
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # for another system or Python
        seen.add(key)
        for line in found.requires or []:
            needed = Requirement(line)
            extras = wanted.extras or {""}
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    return {str(name) for name, _ in seen}


def modules_outside(kept: set[str]) -> set[str]:
    """Modules that no distribution of `kept` brings, and one of the others does."""
    inside: set[str] = set()
    outside: set[str] = set()
    for found in distributions():
        name = canonicalize_name(found.name)
        if name == "sightglass":
            continue
        (inside if name in kept else outside).update(_modules(found))
    return outside - inside


def _modules(found: Distribution) -> set[str]:
    names: set[str] = set()
    for file in found.files or []:
        if file.suffix not in (".py", ".so") or file.parts[0] in ("..", "bin"):
            continue
        parts = [*file.parts[:-1], file.name.split(".")[0]]
        if parts[-1] == "__init__":
            parts.pop()
        if parts and all(part.isidentifier() for part in parts):
            names.add(".".join(parts))
    return names
