"""The journal against a real Redis that is killed, frozen and brought back."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sightglass.errors import JournalUnavailableError
from sightglass.predictions import record
from sightglass.predictions.journal import Journal
from tests.integration.servers import RedisServer
from tests.made_predictions import make_prediction


@pytest.fixture
def journal(redis_server: RedisServer, tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(redis_server.url, tmp_path / "spool")
    journal.start()
    yield journal
    journal.close()


def recorded_ids(server: RedisServer) -> list[str]:
    with server.client() as client:
        entries = client.xrange("sightglass:journal")
    return [record.decode(fields[b"r"]).id for _, fields in entries]


def append_to(journal: Journal, kept: list[str]) -> None:
    """Append a hundred, noting the ids of those that were taken."""
    for seed in range(100):
        prediction = make_prediction(seed)
        journal.append(prediction)
        kept.append(prediction.id)


def wait_until(met: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_record_reads_back_whole(journal: Journal, redis_server: RedisServer) -> None:
    prediction = make_prediction(7)
    journal.append(prediction)
    with redis_server.client() as client:
        [(_, fields)] = client.xrange("sightglass:journal")
    assert record.decode(fields[b"r"]) == prediction
    assert journal.state().redis_ok


def test_killed_redis_loses_nothing(journal: Journal, redis_server: RedisServer) -> None:
    made = [make_prediction(seed) for seed in range(300)]
    for number, prediction in enumerate(made):
        if number == 100:
            redis_server.kill()
        if number == 200:
            assert not journal.state().redis_ok
            assert journal.state().spool_records >= 100
            redis_server.start()
        journal.append(prediction)
    wait_until(lambda: journal.state().spool_bytes == 0 and journal.state().redis_ok)
    assert set(recorded_ids(redis_server)) == {prediction.id for prediction in made}


def test_what_a_dead_redis_had_not_written_is_sent_again(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    journal = Journal(redis_server.url, tmp_path / "spool")
    journal.start()
    prediction = make_prediction()
    journal.append(prediction)
    redis_server.kill()
    # As if the kill had come while Redis held back a write to its file.
    for path in redis_server.folder.rglob("*.aof"):
        path.write_bytes(b"")  # not removed: Redis 8 would miss it and not start
    redis_server.start()
    wait_until(lambda: recorded_ids(redis_server) == [prediction.id])
    journal.close()


def test_hung_redis_costs_one_request_a_timeout(
    journal: Journal, redis_server: RedisServer
) -> None:
    journal.append(make_prediction())
    redis_server.pause()
    durations = []
    for seed in range(20):
        began = time.perf_counter()
        journal.append(make_prediction(seed))
        durations.append(time.perf_counter() - began)
        time.sleep(0.05)
    redis_server.resume()
    assert sum(duration > 0.1 for duration in durations) <= 1
    wait_until(lambda: journal.state().spool_bytes == 0)
    assert len(set(recorded_ids(redis_server))) == 21


def test_full_redis_goes_to_the_spool(journal: Journal, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.config_set("maxmemory", "1")
        journal.append(make_prediction())
        assert journal.state().spool_records == 1
        client.config_set("maxmemory", "0")
    wait_until(lambda: len(recorded_ids(redis_server)) == 1)


def test_redis_that_stays_full_costs_one_file_and_one_line(
    journal: Journal, redis_server: RedisServer, tmp_path: Path
) -> None:
    with redis_server.client() as client, capture_logs() as lines:
        client.config_set("maxmemory", "1")
        until = time.monotonic() + 3
        while time.monotonic() < until:
            journal.append(make_prediction())
            time.sleep(0.05)
        assert len(list((tmp_path / "spool").glob("*.jsonl"))) <= 2
        assert not journal.state().redis_ok
        assert [line["event"] for line in lines] == ["journal_redis_lost"]
        client.config_set("maxmemory", "0")
        wait_until(lambda: journal.state().redis_ok and not journal.state().spool_bytes)
    assert [line["event"] for line in lines] == ["journal_redis_lost", "journal_redis_found"]


def test_spool_of_a_killed_process_is_adopted(redis_server: RedisServer, tmp_path: Path) -> None:
    redis_server.kill()
    script = f"""
        import sys, time
        from pathlib import Path
        from sightglass.predictions.journal import Journal
        from tests.made_predictions import make_prediction
        journal = Journal({redis_server.url!r}, Path({str(tmp_path / "spool")!r}))
        for seed in range(5):
            prediction = make_prediction(seed)
            journal.append(prediction)
            print("id", prediction.id, flush=True)
        print("done", flush=True)
        time.sleep(60)
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    with writer:
        assert writer.stdout is not None
        lines = [line.split() for line in iter(writer.stdout.readline, "done\n")]
        ids = [line[1] for line in lines if line[0] == "id"]
        redis_server.start()
        others = [Journal(redis_server.url, tmp_path / "spool") for _ in range(2)]
        for other in others:
            other.start()
        time.sleep(1)
        assert recorded_ids(redis_server) == []  # its owner lives
        for other in others:
            other.close()
        writer.send_signal(signal.SIGKILL)
    adopters = [Journal(redis_server.url, tmp_path / "spool") for _ in range(3)]
    for adopter in adopters:
        adopter.start()
    wait_until(lambda: recorded_ids(redis_server) == ids)
    wait_until(lambda: not list((tmp_path / "spool").iterdir()))
    for adopter in adopters:
        adopter.close()
    assert recorded_ids(redis_server) == ids


def test_neither_redis_nor_disk(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file stands where the folder should be")
    journal = Journal("redis://127.0.0.1:1/0", tmp_path / "spool")
    with pytest.raises(JournalUnavailableError):
        journal.append(make_prediction())


def test_full_disk_refuses_and_recovers(redis_server: RedisServer, tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: the kernel takes a part of the line."""
    redis_server.kill()
    journal = Journal(redis_server.url, tmp_path / "spool")
    journal.start()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    kept: list[str] = []
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        with pytest.raises(JournalUnavailableError):
            append_to(journal, kept)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert 0 < len(kept) < 100
    after = make_prediction()
    journal.append(after)
    redis_server.start()
    wait_until(lambda: len(recorded_ids(redis_server)) == len(kept) + 1)
    journal.close()
    assert recorded_ids(redis_server) == [*kept, after.id]


def test_no_space_left_on_a_small_disk(tmp_path: Path) -> None:
    """The same with a real ENOSPC, on a tmpfs of 64 KiB in a mount namespace of its own."""
    script = """
        import errno
        from pathlib import Path
        from sightglass.errors import JournalUnavailableError
        from sightglass.predictions.journal import Journal
        from tests.made_predictions import make_prediction
        folder = Path("spool")
        journal = Journal("redis://127.0.0.1:1/0", folder)
        kept = 0
        try:
            while True:
                journal.append(make_prediction(kept))
                kept += 1
        except JournalUnavailableError as error:
            assert error.__cause__.errno == errno.ENOSPC, error.__cause__
        (folder / "ballast").unlink()
        journal.append(make_prediction(kept))
        [file] = folder.glob("*.jsonl")
        lines = file.read_bytes().split(b"\\n")
        assert len(lines) == kept + 2 and kept > 5, (len(lines), kept)
        print("recovered")
    """
    (tmp_path / "spool").mkdir()
    shell = (
        "mount -t tmpfs -o size=64k none spool && head -c 20000 /dev/zero > spool/ballast && "
        'exec "$0" -c "$1"'
    )
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    ended = subprocess.run(
        [*unshare, "sh", "-c", shell, sys.executable, textwrap.dedent(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.endswith("recovered\n"), ended.stderr
