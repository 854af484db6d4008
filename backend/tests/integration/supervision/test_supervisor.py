"""A real supervisor over real processes: restarts, order, limits, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.servers import free_port

ENTRY = Path(__file__).with_name("up_entry.py")


class Up:
    """One run of the supervisor in a process of its own."""

    def __init__(self, folder: Path, *specs: str) -> None:
        self.folder = folder
        self._output = folder / "output.txt"
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ENTRY), str(folder), *specs],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self._output.read_text()

    def wait_ready(self) -> None:
        until((self.folder / "ready").exists)

    def pids(self, name: str) -> list[int]:
        """The process, its own child and its niceness, once it has noted them."""
        path = self.folder / f"{name}.pids"
        until(lambda: path.exists() and len(path.read_text().split()) == 3)
        return [int(word) for word in path.read_text().split()]

    def ended(self) -> list[str]:
        path = self.folder / "ended.txt"
        return path.read_text().split() if path.exists() else []


def until(happens: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def run(*specs: str) -> Up:
        started.append(Up(tmp_path, *specs))
        return started[-1]

    yield run
    for up in started:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGTERM)
            up.process.wait(20)


def test_started_in_stages_and_stopped_in_reverse(start: Callable[..., Up]) -> None:
    up = start("base:0:0:" + str(free_port()), "middle:1:7:", "top:2:0:")
    up.wait_ready()
    pids = [up.pids(name) for name in ("base", "middle", "top")]
    assert [nice - pids[0][2] for _, _, nice in pids] == [0, 7, 0]
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(15) == 0
    assert up.ended() == ["top", "middle", "base"]
    assert not any(lives(pid) for own, child, _ in pids for pid in (own, child))


def test_output_is_prefixed_and_logged(start: Callable[..., Up], tmp_path: Path) -> None:
    up = start("quiet:0:0:")
    until(lambda: "quiet  | quiet says hello" in up.output())
    assert "quiet says hello" in (tmp_path / "logs" / "quiet.log").read_text()


def test_killed_child_is_started_again(start: Callable[..., Up], tmp_path: Path) -> None:
    up = start("base:0:0:" + str(free_port()), "top:1:0:")
    up.wait_ready()
    pid, orphan, _ = up.pids("top")
    (tmp_path / "top.pids").unlink()
    os.kill(pid, signal.SIGKILL)
    again, _, _ = up.pids("top")
    assert again != pid
    until(lambda: not lives(orphan))
    assert "top was ended by SIGKILL; it is started again in 0.5 s" in " ".join(
        up.output().split()
    ).replace("up | ", "")


def test_live_metrics_of_a_dead_child_are_forgotten(
    start: Callable[..., Up], tmp_path: Path
) -> None:
    up = start("top:1:0:")
    pid, child, _ = up.pids("top")
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    for owner in (pid, child, os.getpid()):
        (metrics / f"gauge_livesum_{owner}.db").touch()
        (metrics / f"counter_{owner}.db").touch()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not (metrics / f"gauge_livesum_{pid}.db").exists())
    until(lambda: not (metrics / f"gauge_livesum_{child}.db").exists())
    assert (metrics / f"gauge_livesum_{os.getpid()}.db").exists()
    assert len(list(metrics.glob("counter_*.db"))) == 3


def test_stubborn_child_is_killed_after_its_grace(start: Callable[..., Up]) -> None:
    up = start("mule:0:0:stubborn")
    pid, child, _ = up.pids("mule")
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(10) == 0
    assert "mule does not end in time: it is killed" in up.output()
    assert not lives(pid)
    assert not lives(child)


def test_killed_supervisor_leaves_no_orphans(start: Callable[..., Up]) -> None:
    up = start("base:0:0:" + str(free_port()), "mule:1:0:stubborn", "top:2:0:")
    up.wait_ready()
    pids = [pid for name in ("base", "mule", "top") for pid in up.pids(name)[:2]]
    assert all(lives(pid) for pid in pids)
    up.process.send_signal(signal.SIGKILL)
    up.process.wait()
    until(lambda: not any(lives(pid) for pid in pids), 10)


def test_essential_child_that_cannot_start(start: Callable[..., Up]) -> None:
    up = start("other:0:0:", "broken:0:0:fail")
    pid, child, _ = up.pids("other")
    assert up.process.wait(20) == 1
    assert "broken ends as soon as it is started (status 3)" in up.output()
    assert "cannot work like this" in up.output()
    assert not lives(pid)
    assert not lives(child)


def test_second_supervisor_is_refused(start: Callable[..., Up]) -> None:
    first = start("top:0:0:")
    first.pids("top")
    second = start("top:0:0:")
    assert second.process.wait(10) == 1
    assert f"(pid {first.process.pid})" in second.output()
    assert first.process.poll() is None
