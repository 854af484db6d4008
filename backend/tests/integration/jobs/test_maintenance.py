"""The scheduled work: each part goes on when another fails."""

from __future__ import annotations

import os
import time

import pytest

from sightglass.errors import HistoryUnavailableError, UnknownTaskError
from sightglass.jobs import names
from sightglass.jobs.maintenance import Maintenance
from sightglass.jobs.queue import JobQueue
from sightglass.predictions.kept_images import KeptImages
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobNotFoundError


def _broken_history() -> int:
    raise HistoryUnavailableError


def test_expired_things_are_removed(settings: Settings) -> None:
    short = settings.model_copy(
        update={"blob_retention_seconds": 50, "result_retention_seconds": 1}
    )
    queue = JobQueue(short)
    old, new = queue.submit_image(b"old"), queue.submit_image(b"new")
    for path in settings.resolved_blob_dir.rglob(old):
        os.utime(path, (time.time() - 100, time.time() - 100))
    ended = queue.submit_image(b"ended")
    queue.cancel(ended)
    time.sleep(1.2)
    images = KeptImages(settings.resolved_image_dir, days=1, max_bytes=150)
    for age_days, name in enumerate(("new", "full", "old")):
        images.put(name, b"x" * 100)
        [place] = settings.resolved_image_dir.rglob(name)
        os.utime(place, (time.time() - age_days * 80_000, time.time() - age_days * 80_000))
    maintenance = Maintenance(
        short, queue.store, lambda *_: None, _broken_history, images.remove_old
    )
    maintenance.clean_up()
    maintenance.close()
    with pytest.raises(BlobNotFoundError):
        queue.store.blobs.get(names.upload_key(old))
    assert queue.store.blobs.get(names.upload_key(new)) == b"new"
    assert [images.has(name) for name in ("new", "full", "old")] == [True, False, False]
    with pytest.raises(UnknownTaskError):
        queue.store.get(ended)
    assert {task.id for task in queue.store.list_tasks()} == {old, new}
    queue.close()


def test_only_lost_tasks_are_sent_again(settings: Settings, queue: JobQueue) -> None:
    sent: list[tuple[str, int]] = []
    lost, fine = queue.submit_image(b"lost", lane=3), queue.submit_image(b"fine", lane=3)
    queue.store.claim(lost, lease_seconds=0, max_attempts=3)
    queue.store.claim(fine, lease_seconds=60, max_attempts=3)
    maintenance = Maintenance(
        settings, queue.store, lambda *message: sent.append(message), lambda: 0
    )
    assert maintenance.rescue() == 1
    assert maintenance.rescue() == 0
    assert sent == [(lost, 3)]
    maintenance.close()
