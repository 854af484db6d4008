"""What .env.example explains: the settings of the platform, and what the compose files take."""

from __future__ import annotations

from pathlib import Path

_PATH = Path(__file__).parents[2] / ".env.example"
_HEADING = "# --- "


def documented_variables() -> tuple[dict[str, str], dict[str, str]]:
    """Names with the values shown: of the settings, and of the section of the compose files."""
    settings: dict[str, str] = {}
    compose: dict[str, str] = {}
    found = settings
    for line in _PATH.read_text().splitlines():
        if line.startswith(_HEADING):
            found = compose if line.startswith(f"{_HEADING}docker-compose") else settings
        name, equals, value = line.removeprefix("# ").partition("=")
        if line.startswith("# ") and equals and name.isupper():
            found[name] = value
    return settings, compose
