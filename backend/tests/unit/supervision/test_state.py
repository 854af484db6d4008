"""The lock and the endpoints of a running `up`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sightglass.errors import SetupError
from sightglass.supervision.state import find_running, only_one, write_endpoints


def test_found_only_while_it_runs_and_is_ready(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    with only_one(tmp_path):
        assert find_running(tmp_path) is None
        write_endpoints(tmp_path, api="http://a", mlflow="http://m", redis="redis://r")
        running = find_running(tmp_path)
        assert running is not None
        assert (running["api"], running["redis"]) == ("http://a", "redis://r")
        assert running["pid"] == str(os.getpid())
    assert find_running(tmp_path) is None


def test_endpoints_of_a_killed_one_are_ignored(tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass
    write_endpoints(tmp_path, api="http://a", mlflow="http://m", redis="redis://r")
    assert find_running(tmp_path) is None


def test_second_one_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(SetupError, match=rf"pid {os.getpid()}"),
        only_one(tmp_path),
    ):
        pass


def test_free_again_after_its_end(tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
