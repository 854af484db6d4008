"""The rule files of the project as data."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[3]
PROMETHEUS = REPOSITORY / "monitoring" / "prometheus"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"


@functools.cache
def rules() -> list[dict[str, Any]]:
    """Every rule, alerts and recordings."""
    return [
        rule
        for path in sorted((PROMETHEUS / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> dict[str, str]:
    """Recorded names and their expressions."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def rule_tests() -> list[Path]:
    return sorted((PROMETHEUS / "tests").glob("*.yml"))
