"""The logs of the embedded run are bounded while it runs."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from sightglass.supervision.output import LogFile, Tee, Terminal


def test_one_older_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    with closing(LogFile(path, max_bytes=100)) as log:
        for number in range(25):
            log.write(b"line %04d\n" % number)
    assert path.read_bytes().splitlines()[-1] == b"line 0024"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["api.log", "api.log.1"]
    assert all(each.stat().st_size <= 100 for each in tmp_path.iterdir())
    with closing(LogFile(path, max_bytes=100)) as log:
        log.write(b"after a restart\n")
    assert path.read_bytes().endswith(b"line 0024\nafter a restart\n")


def test_a_full_disk_costs_lines_and_not_the_process(tmp_path: Path) -> None:
    """Whoever prints into a pipe that nobody reads any more dies of it."""
    terminal = Terminal(io.StringIO())
    process = subprocess.Popen(
        [sys.executable, "-c", "for n in range(2000): print(n, '.' * 90, flush=True)"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    tee = Tee("api", process.stdout, Path("/dev/full"), terminal)
    assert process.wait(60) == 0
    tee.close()
    terminal.close()
