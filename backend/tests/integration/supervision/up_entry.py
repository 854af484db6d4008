"""A supervisor over the processes of `child_entry`: `up_entry.py FOLDER NAME:STAGE:NICE:MODE...`.

A mode that is a port is probed and essential; `fail` is essential, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sightglass.errors import SetupError
from sightglass.supervision.output import Terminal
from sightglass.supervision.specs import Probe, ProcessSpec
from sightglass.supervision.state import only_one
from sightglass.supervision.supervisor import Supervisor

CHILD = Path(__file__).with_name("child_entry.py")


def spec_of(text: str, folder: Path) -> ProcessSpec:
    name, stage, nice, mode = text.split(":")
    port = int(mode) if mode.isdigit() else 1
    awaited = mode.isdigit() or mode == "fail"
    return ProcessSpec(
        name=name,
        command=(sys.executable, str(CHILD), name, str(folder), mode),
        stage=int(stage),
        nice=int(nice),
        probe=Probe("127.0.0.1", port, within_seconds=20) if awaited else None,
        essential=awaited,
        grace_seconds=1,
    )


def main() -> None:
    folder = Path(sys.argv[1])
    specs = [spec_of(text, folder) for text in sys.argv[2:]]
    terminal = Terminal()
    try:
        with only_one(folder):
            supervisor = Supervisor(
                specs,
                log_dir=folder / "logs",
                metrics_dir=folder / "metrics",
                terminal=terminal,
            )
            supervisor.run(lambda: (folder / "ready").touch())
    except SetupError as error:
        print(error.message, file=sys.stderr)
        sys.exit(1)
    finally:
        terminal.close()


if __name__ == "__main__":
    main()
