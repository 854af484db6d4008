"""A compose file as Docker would read it: variables filled in, anchors merged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[3]
PRODUCTION = REPOSITORY / "docker-compose.prod.yml"
DEVELOPMENT = REPOSITORY / "docker-compose.dev.yml"

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<operator>:?[-?+])(?P<word>[^}]*))?\}|(?P<bare>\w+))"
)


class MissingVariableError(Exception):
    """A variable that has no default is not set; Docker stops with the same words."""


@dataclass(frozen=True)
class Variable:
    """One `${NAME...}` of a file."""

    name: str
    operator: str  # "", ":-", "-", ":?" or "?"
    word: str


@dataclass(frozen=True)
class ComposeFile:
    """The document with its variables filled in from `environment`."""

    document: dict[str, Any]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        services: dict[str, dict[str, Any]] = self.document["services"]
        return services

    def environment(self, service: str) -> dict[str, str]:
        """What the process finds in its environment."""
        found = self.services[service].get("environment", {})
        assert isinstance(found, dict), "variables are written as a mapping"
        return {name: str(value) for name, value in found.items()}

    def command(self, service: str) -> list[str]:
        return [str(word) for word in self.services[service]["command"]]


def variables_of(path: Path) -> list[Variable]:
    """Every variable that a file asks for, comments left out."""
    text = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in path.read_text().splitlines())
    return [
        Variable(match["name"] or match["bare"], match["operator"] or "", match["word"] or "")
        for match in _VARIABLE.finditer(text)
        if not match["escaped"]
    ]


def load(path: Path, environment: Mapping[str, str]) -> ComposeFile:
    """Read a file. Raises `MissingVariableError`."""
    return ComposeFile(_filled(yaml.safe_load(path.read_text()), environment))


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(part, environment) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, environment) for part in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda match: _value_of(match, environment), value)


def _value_of(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    name, operator, word = match["name"] or match["bare"], match["operator"] or "", match["word"]
    value = environment.get(name)
    missing = not value if operator.startswith(":") else value is None
    if not missing:
        return value or ""
    if operator.endswith("?"):
        raise MissingVariableError(f"required variable {name} is missing a value: {word}")
    return word or ""
