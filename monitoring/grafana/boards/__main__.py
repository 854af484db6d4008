"""`make dashboards`: write every dashboard to the folder that Grafana reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boards import journal, model, queue, service, system

FOLDER = Path(__file__).parents[1] / "dashboards"


def dashboards() -> dict[str, str]:
    """The text of each file by its name."""
    made: dict[str, dict[str, Any]] = {
        "service": service.dashboard(),
        "model": model.dashboard(),
        "queue": queue.dashboard(),
        "journal": journal.dashboard(),
        "system": system.dashboard(),
    }
    return {
        f"{name}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for name, board in made.items()
    }


def main(folder: Path = FOLDER) -> None:
    for name, text in dashboards().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
