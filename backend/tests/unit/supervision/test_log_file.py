"""The logs of the embedded run are bounded while it runs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sightglass.supervision.output import LogFile


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
