"""Pictures put aside: bounded in memory and on the disk, and never in anybody's way."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from sightglass.errors import HistoryUnavailableError, ImageNotKeptError
from sightglass.predictions.image_keeper import ImageKeeper, Quota
from sightglass.predictions.kept_images import KeptImages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def images(folder: Path) -> KeptImages:
    return KeptImages(folder, days=7, max_bytes=1 << 20)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def results() -> Callable[[], dict[str, float]]:
    """How often each result was counted since the test began."""

    def now() -> dict[str, float]:
        names = ("kept", "sampled", "dropped", "failed")
        return {name: counted("kept_images_total", result=name) for name in names}

    before = now()
    return lambda: {name: value - before[name] for name, value in now().items()}


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_kept_and_found(images: KeptImages, results: Callable[[], dict[str, float]]) -> None:
    with closing(ImageKeeper(images)) as keeper:
        keeper.keep("early", b"before the start")
        keeper.start()
        keeper.keep("a", b"one")
        keeper.keep("a", b"the same again, as a repeated task sends it")
    assert images.get("early") == b"before the start"
    assert images.get("a").startswith(b"the same")
    assert images.has("a")
    assert not images.has("b")
    with pytest.raises(ImageNotKeptError):
        images.get("b")
    assert results() == {"kept": 3, "sampled": 0, "dropped": 0, "failed": 0}


def test_full_queue_drops(images: KeptImages, results: Callable[[], dict[str, float]]) -> None:
    """The thread has not started: it stands for a disk that does not follow."""
    keeper = ImageKeeper(images, queue_bytes=250)
    for number in range(5):
        keeper.keep(f"p{number}", bytes(100))
    assert results() == {"kept": 0, "sampled": 0, "dropped": 3, "failed": 0}
    keeper.start()
    keeper.close()
    keeper.keep("late", b"after the end")
    assert results() == {"kept": 2, "sampled": 0, "dropped": 4, "failed": 0}
    assert images.has("p0")
    assert images.has("p1")


def test_steady_stream_is_sampled(
    images: KeptImages, results: Callable[[], dict[str, float]]
) -> None:
    with closing(ImageKeeper(images, per_second=0.5)) as keeper:
        keeper.start()
        for number in range(15):
            keeper.keep(f"p{number}", b"x")
    assert images.has("p9")
    assert not images.has("p10")
    assert results() == {"kept": 10, "sampled": 5, "dropped": 0, "failed": 0}


def test_quota_fills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    quota = Quota(per_second=5)
    assert [quota.take() for _ in range(102)] == [True] * 100 + [False] * 2
    now = 1.0
    assert [quota.take() for _ in range(6)] == [True] * 5 + [False]
    now = 3600.0
    assert [quota.take() for _ in range(101)] == [True] * 100 + [False]


def test_room_in_the_queue_comes_back(
    images: KeptImages, results: Callable[[], dict[str, float]]
) -> None:
    with closing(ImageKeeper(images, queue_bytes=100)) as keeper:
        keeper.start()
        for number in range(5):
            keeper.keep(f"p{number}", bytes(100))
            until = time.monotonic() + 10
            while keeper._waiting_bytes:
                assert time.monotonic() < until
    assert results() == {"kept": 5, "sampled": 0, "dropped": 0, "failed": 0}


def test_nearly_full_disk_is_left_alone(
    images: KeptImages, folder: Path, results: Callable[[], dict[str, float]]
) -> None:
    with closing(ImageKeeper(images, leave_free_bytes=1 << 60)) as keeper:
        keeper.start()
        keeper.keep("a", b"x")
    assert files_in(folder) == []
    assert results() == {"kept": 0, "sampled": 0, "dropped": 1, "failed": 0}


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow over 1000 bytes: the kernel then refuses as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_disk_that_refuses_stops_nothing(
    images: KeptImages,
    folder: Path,
    results: Callable[[], dict[str, float]],
    small_disk: None,
) -> None:
    with closing(ImageKeeper(images)) as keeper:
        keeper.start()
        keeper.keep("large", bytes(5000))
        keeper.keep("small", b"x")
    assert files_in(folder) == ["small"]
    assert results() == {"kept": 1, "sampled": 0, "dropped": 0, "failed": 1}


def test_place_that_is_no_folder(folder: Path, results: Callable[[], dict[str, float]]) -> None:
    folder.write_text("a file where the folder should be")
    with closing(ImageKeeper(KeptImages(folder, days=7, max_bytes=1000))) as keeper:
        keeper.start()
        for number in range(3):
            keeper.keep(f"p{number}", b"x")
    assert results() == {"kept": 0, "sampled": 0, "dropped": 0, "failed": 3}


def test_stays_near_its_bytes_by_itself(
    folder: Path, results: Callable[[], dict[str, float]]
) -> None:
    removed = counted("cleanup_removed_total", kind="image")
    images = KeptImages(folder, days=7, max_bytes=16_000)
    with closing(ImageKeeper(images)) as keeper:
        keeper.start()
        for number in range(100):
            keeper.keep(f"p{number:03}", bytes(500))
    left = len(files_in(folder))
    assert 30 <= left <= 34  # the bound, and what comes between two tidyings
    assert images.has("p099")
    assert results()["kept"] == 100
    assert counted("cleanup_removed_total", kind="image") - removed == 100 - left


def test_old_ones_go_when_the_next_comes(images: KeptImages, folder: Path) -> None:
    images.put("old", b"x")
    [place] = folder.rglob("old")
    eight_days_ago = time.time() - 8 * 86_400
    os.utime(place, (eight_days_ago, eight_days_ago))
    with closing(ImageKeeper(images)) as keeper:
        keeper.start()
        keeper.keep("new", b"x")
    assert files_in(folder) == ["new"]


def test_no_days_means_as_long_as_there_is_room(folder: Path) -> None:
    images = KeptImages(folder, days=0, max_bytes=100)
    images.put("old", b"x")
    [place] = folder.rglob("old")
    os.utime(place, (1, 1))
    assert images.remove_old() == 0
    images.put("new", bytes(100))
    assert images.remove_old() == 1
    assert files_in(folder) == ["new"]


def test_judged_ones_stay_beside_the_bounds(folder: Path) -> None:
    images = KeptImages(
        folder, days=1, max_bytes=100, find_judged=lambda ids: {i for i in ids if "judged" in i}
    )
    for age_days, name in (
        (0, "new"),
        (0.5, "judged"),
        (0.6, "full"),
        (8, "old-judged"),
        (8, "old"),
    ):
        images.put(name, bytes(100))
        [place] = folder.rglob(name)
        os.utime(place, (time.time() - age_days * 86_400, time.time() - age_days * 86_400))
    assert images.remove_old() == 2
    assert files_in(folder) == ["judged", "new", "old-judged"]


def test_nothing_goes_while_nobody_knows_the_verdicts(
    folder: Path, results: Callable[[], dict[str, float]]
) -> None:
    def unknown(_: Sequence[str]) -> set[str]:
        raise HistoryUnavailableError

    images = KeptImages(folder, days=7, max_bytes=0, find_judged=unknown)
    with closing(ImageKeeper(images)) as keeper:
        keeper.start()
        keeper.keep("new", b"x")
    assert files_in(folder) == ["new"]
    assert results()["kept"] == 1
    with pytest.raises(HistoryUnavailableError):
        images.remove_old()
