"""The spool file: all of a record or nothing, and one owner at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sightglass.predictions.spool import Spool


def contents(spool: Spool) -> list[bytes]:
    records: list[bytes] = []
    for segment in spool.take():
        while True:
            found, length = segment.read(2)
            if not found:
                break
            records += found
            segment.mark_replayed(length)
    return records


def test_nothing_on_disk_until_needed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert spool.is_empty
    assert spool.adopt() == 0
    assert not (tmp_path / "spool").exists()


def test_records_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])
    spool.append([b"2", b"3"])
    assert (spool.records, spool.waiting_bytes) == (3, 6)
    assert contents(spool) == [b"1", b"2", b"3"]
    spool.append([b"4"])
    assert contents(spool) == [b"4"]
    for segment in spool.take():
        spool.done(segment)
    assert spool.is_empty
    assert list(tmp_path.iterdir()) == []


def test_attempts_that_fail_make_no_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(20):
        spool.append([b"%d" % number])
        assert spool.take()  # and nobody takes what is in it
    assert len(list(tmp_path.iterdir())) == 2


def test_partial_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.append([b"first"])
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:3]))
        with pytest.raises(OSError, match="No space left"):
            spool.append([b"second"])
    spool.append([b"third"])
    assert contents(spool) == [b"first", b"third"]
    assert len(list(tmp_path.iterdir())) == 1


def test_partial_write_that_cannot_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    write = os.write

    def refuse(*_args: object) -> None:
        raise OSError(5, "broken disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:3]))
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match="broken disk"):
            spool.append([b"first"])
    spool.append([b"second"])
    assert contents(spool) == [b"second"]


def test_file_of_a_living_owner_stays(tmp_path: Path) -> None:
    owner, other = Spool(tmp_path), Spool(tmp_path)
    owner.append([b"1"])
    assert other.adopt() == 0
    owner.close()
    assert other.adopt() == 1
    assert contents(other) == [b"1"]


def test_torn_last_line_of_a_dead_process(tmp_path: Path) -> None:
    (tmp_path / "123-dead.jsonl").write_bytes(b"whole\ntorn")
    spool = Spool(tmp_path)
    assert spool.adopt() == 1
    assert contents(spool) == [b"whole"]


def test_removed_file_is_still_replayed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])
    for path in tmp_path.iterdir():
        path.unlink()
    assert contents(spool) == [b"1"]
    for segment in spool.take():
        spool.done(segment)
    assert spool.is_empty
