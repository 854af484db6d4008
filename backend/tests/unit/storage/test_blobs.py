"""Blobs in a folder: whole or absent, never outside, and honest when the disk is full."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightglass.errors import InvalidParameterError, StorageFullError, StorageUnavailableError
from sightglass.storage.blobs import BlobNotFoundError, FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_kept_and_removed(blobs: FolderBlobs) -> None:
    blobs.put("a1", b"one")
    blobs.put("a1", b"two")
    assert blobs.get("a1") == b"two"
    blobs.delete("a1")
    blobs.delete("a1")
    with pytest.raises(BlobNotFoundError):
        blobs.get("a1")


def test_spread_over_folders(blobs: FolderBlobs, tmp_path: Path) -> None:
    for number in range(300):
        blobs.put(f"01a1fcb9{number:024x}", b"x")
    files = _files(tmp_path)
    assert len(files) == 300
    assert len({path.parent for path in files}) > 100


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\\b", "a\0b", "a.b.c", ".a", "a" * 200]
)
def test_key_that_would_leave_the_folder(blobs: FolderBlobs, key: str) -> None:
    for call in (lambda: blobs.put(key, b"x"), lambda: blobs.get(key), lambda: blobs.delete(key)):
        with pytest.raises(InvalidParameterError):
            call()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow over 1000 bytes: the kernel then refuses as it does on a full disk."""
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_write_that_fails_half_way_leaves_nothing(
    blobs: FolderBlobs, tmp_path: Path, small_disk: None
) -> None:
    blobs.put("a", b"x" * 900)
    with pytest.raises(StorageUnavailableError):
        blobs.put("a", b"y" * 5000)
    assert blobs.get("a") == b"x" * 900
    assert len(_files(tmp_path)) == 1


def test_full_disk(blobs: FolderBlobs, tmp_path: Path) -> None:
    """/dev/full answers ENOSPC to every write, as a full disk does."""
    blobs.put("a", b"x")
    place = _files(tmp_path)[0]
    (place.parent / f".a.{os.getpid()}-1.part").symlink_to("/dev/full")
    with pytest.raises(StorageFullError) as caught:
        blobs.put("a", b"y")
    assert caught.value.retry_after_seconds > 1
    assert blobs.get("a") == b"x"
    assert _files(tmp_path) == [place]
    blobs.put("a", b"z")
    assert blobs.get("a") == b"z"


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailableError):
        FolderBlobs(tmp_path / "blobs").put("a", b"x")


def test_old_ones_are_removed(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.put("old", b"x")
    os.utime(_files(tmp_path)[0], (time.time() - 100, time.time() - 100))
    blobs.put("new", b"x")
    assert blobs.remove_older_than(50) == 1
    assert blobs.get("new") == b"x"
    assert blobs.remove_older_than(50) == 0


def test_exists(blobs: FolderBlobs) -> None:
    assert not blobs.exists("a")
    blobs.put("a", b"x")
    assert blobs.exists("a")
    with pytest.raises(InvalidParameterError):
        blobs.exists("../a")


def test_listed_newest_first(blobs: FolderBlobs, tmp_path: Path) -> None:
    for age, key in enumerate(("newest", "middle", "oldest")):
        blobs.put(key, b"x" * 100)
        [place] = tmp_path.rglob(key)
        os.utime(place, (time.time() - age, time.time() - age))
    found = blobs.list_blobs()
    assert [(blob.key, blob.size_bytes) for blob in found] == [
        ("newest", 100),
        ("middle", 100),
        ("oldest", 100),
    ]
    found[1].remove()
    found[1].remove()
    assert [blobs.exists(key) for key in ("newest", "middle", "oldest")] == [True, False, True]


def test_nothing_was_ever_kept(blobs: FolderBlobs) -> None:
    assert blobs.list_blobs() == []
    assert blobs.remove_older_than(0) == 0
    assert blobs.free_bytes() > 0
