"""What processes counted becomes steps in Redis: each once, whoever dies meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from sightglass.api.activity_report import ActivityReport
from tests.integration.observability.counting_entry import LANES, STREAM
from tests.integration.servers import RedisServer

# A moment at which a step of ten seconds and a minute begin.
START = 1_700_000_040
MODULE = "tests.integration.observability.counting_entry"


class CountingProcess:
    """One process that counts into a folder; `sample` is at seconds after START."""

    def __init__(self, redis_url: str, folder: Path | None) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
        if folder:
            folder.mkdir(exist_ok=True)
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        environment["PYTHONPATH"] = str(Path(__file__).parents[3])
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE, redis_url],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer_is("ready")

    def predict(self, times: int, seconds: float = 0.015) -> None:
        self._tell(f"predict {times} {seconds}")

    def sample(self, after: float) -> None:
        self._tell(f"sample {START + after}")

    def close(self, after: float) -> None:
        """End in order."""
        self._tell(f"close {START + after}")
        assert self._process.wait(10) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._answer_is("done")

    def _answer_is(self, expected: str) -> None:
        lines = iter(self._process.stdout or ())
        # log lines come between
        assert expected in (line.strip() for line in lines), "the process ended"


class Platform:
    """Processes in folders, one Redis, and what GET /activity says."""

    def __init__(self, redis: RedisServer, root: Path, stack: ExitStack) -> None:
        self.redis = redis
        self.root = root
        self._stack = stack

    def process(self, folder: str | None = "metrics") -> CountingProcess:
        place = self.root / folder if folder else None
        return self._stack.enter_context(CountingProcess(self.redis.url, place))

    def activity(self, after: float = 60, minutes: int = 5) -> dict[str, Any]:
        report = ActivityReport(self.redis.url, clock=lambda: START + after + 3)
        found = report.get(minutes)
        report.close()
        return found

    def predictions(self, after: float = 60) -> dict[int, float | None]:
        """How many predictions each step since START had."""
        found = self.activity(after)
        rates = zip(found["times"], found["predictions"]["succeeded"], strict=True)
        return {
            moment - START: rate if rate is None else round(rate * found["step_seconds"], 3)
            for moment, rate in rates
            if moment >= START
        }


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with RedisServer(tmp_path / "redis") as redis, ExitStack() as stack:
        yield Platform(redis, tmp_path, stack)


def test_each_step_has_what_was_counted_in_it(platform: Platform) -> None:
    process = platform.process()
    for after, count in ((10, 4), (20, 0), (30, 7)):
        process.predict(count)
        process.sample(after)
    assert platform.predictions(40) == {0: 4, 10: 0, 20: 7, 30: None}


def test_processes_of_one_folder_are_sampled_once(platform: Platform) -> None:
    one, other = platform.process(), platform.process()
    for process, count in ((one, 3), (other, 5)):
        process.predict(count)
    for process in (one, other):
        process.sample(10)
    assert platform.predictions(10) == {0: 8}


def test_replicas_add_up(platform: Platform) -> None:
    for folder, count in (("first", 3), ("second", 5), (None, 7)):
        process = platform.process(folder)
        process.predict(count)
        process.sample(10)
    assert platform.predictions(10) == {0: 15}


def test_another_process_goes_on_when_the_sampling_one_is_killed(platform: Platform) -> None:
    one, other = platform.process(), platform.process()
    one.predict(2)
    one.sample(10)
    one.predict(3)
    one.kill()
    other.predict(4)
    other.sample(20)
    assert platform.predictions(20) == {0: 2, 10: 7}


def test_restart_of_all_processes_counts_nothing_twice(platform: Platform) -> None:
    first = platform.process()
    first.predict(2)
    first.sample(10)
    first.predict(3)
    first.close(14)
    second = platform.process()
    second.predict(4)
    second.sample(20)
    assert platform.predictions(20) == {0: 2, 10: 7}


def test_emptied_folder_does_not_take_anything_back(platform: Platform) -> None:
    old = platform.process()
    old.predict(9)
    old.sample(10)
    shutil.rmtree(platform.root / "metrics")
    new = platform.process()
    new.predict(4)
    new.sample(20)
    assert platform.predictions(20) == {0: 9, 10: 4}


def test_who_lost_its_folder_stops_sampling(platform: Platform) -> None:
    old = platform.process()
    old.sample(10)
    shutil.rmtree(platform.root / "metrics")
    new = platform.process()
    new.sample(20)
    new.predict(4)
    old.sample(30)
    new.sample(30)
    assert platform.predictions(30) == {0: 0, 10: 0, 20: 4}


def test_steps_while_redis_is_away_come_later_in_their_place(platform: Platform) -> None:
    process = platform.process()
    process.predict(1)
    process.sample(10)
    platform.redis.kill()
    for after, count in ((20, 2), (30, 3)):
        process.predict(count)
        process.sample(after)
    platform.redis.start()
    process.predict(4)
    process.sample(40)
    assert platform.predictions(40) == {0: 1, 10: 2, 20: 3, 30: 4}


def test_what_redis_never_got_is_left_to_the_next_process(platform: Platform) -> None:
    one, other = platform.process(), platform.process()
    one.predict(1)
    one.sample(10)
    platform.redis.kill()
    one.predict(2)
    one.sample(20)
    one.kill()
    platform.redis.start()
    other.sample(30)
    assert platform.predictions(30) == {0: 1, 10: None, 20: 2}


def test_answer_that_was_lost_does_not_count_twice(platform: Platform) -> None:
    process = platform.process()
    process.sample(10)
    platform.redis.pause()  # it has the command, and answers too late
    process.predict(5)
    process.sample(20)
    platform.redis.resume()
    process.sample(30)
    assert platform.predictions(30) == {0: 0, 10: 5, 20: 0}


def test_all_series_of_one_step(platform: Platform) -> None:
    with platform.redis.client() as client:
        client.rpush(LANES[0], "a", "b")
        client.rpush(LANES[1], "c")
        client.xadd(STREAM, {"r": "x"})
    process = platform.process()
    process.predict(40)
    process.sample(10)
    found = platform.activity(10)
    assert found["requests"]["ok"][-1] == 4.0  # a second, and no probes
    assert found["predictions"]["failed"][-1] == 0
    assert found["latency_ms"] == {
        "p50": [*[None] * 29, 15.0],
        "p95": [*[None] * 29, 19.5],
        "p99": [*[None] * 29, 19.9],
    }
    assert found["stage_ms"]["decode"][-1] == pytest.approx(3.75)
    assert found["classes"] == {"bus": [*[None] * 29, 4.0]}
    assert found["confidence"][-1] == pytest.approx(0.65)
    assert found["confidence_counts"] == [0, 0, 0, 0, 0, 0, 40, 0, 0, 0]
    assert found["queue_length"][-1] == 3
    assert found["journal_lag_seconds"][-1] >= 0


def test_minutes_agree_with_their_steps_of_ten_seconds(platform: Platform) -> None:
    process = platform.process()
    for step in range(1, 13):
        process.predict(step)
        process.sample(step * 10)
    found = platform.activity(120, minutes=180)
    assert found["step_seconds"] == 60
    assert found["times"][-2:] == [START, START + 60]
    rates = found["predictions"]["succeeded"]
    assert [round(rate * 60) for rate in rates[-2:]] == [21, 57]
    assert set(rates[:-2]) == {None}


def test_steps_expire(platform: Platform) -> None:
    process = platform.process()
    process.sample(10)
    with platform.redis.client() as client:
        lives = {key: client.ttl(key) for key in client.keys("sightglass:activity:*")}
    assert lives == {
        f"sightglass:activity:10:{START}".encode(): pytest.approx(7_790, abs=5),
        f"sightglass:activity:60:{START}".encode(): pytest.approx(89_990, abs=5),
    }
