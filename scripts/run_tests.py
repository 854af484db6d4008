"""Run the suite: the web UI's own tests, then what may run side by side, on every core; then the
serial group, alone.

Arguments go to pytest and turn it all into one plain run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile


def run(*arguments: str) -> int:
    with tempfile.TemporaryDirectory(prefix="sightglass-test-metrics-") as folder:
        environment = {
            **os.environ,
            # prometheus_client decides at import whether values live in files
            "PROMETHEUS_MULTIPROC_DIR": folder,
            "YOLO_OFFLINE": "true",
            # as many libraries start a thread for each core, and we start a process for each
            "OMP_NUM_THREADS": "1" if "-n" in arguments else str(os.cpu_count() or 1),
        }
        return subprocess.call([sys.executable, "-m", "pytest", *arguments], env=environment)


def run_ui() -> int:
    """The components and the state of the web UI, with vitest."""
    return subprocess.call(["npm", "--prefix", "frontend", "--silent", "test"])


def main() -> int:
    if len(sys.argv) > 1:
        return run(*sys.argv[1:])
    ui = run_ui()
    side_by_side = run("-m", "not serial", "-n", str(os.cpu_count() or 1), "--dist", "loadfile")
    alone = run("-m", "serial")
    return next((status for status in (ui, side_by_side, alone) if status), 0)


if __name__ == "__main__":
    sys.exit(main())
