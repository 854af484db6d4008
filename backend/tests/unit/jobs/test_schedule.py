"""What beat sends, and the delivery settings that lose nothing."""

from __future__ import annotations

from sightglass.jobs import names
from sightglass.jobs.celery_app import create_celery
from sightglass.jobs.leases import lease_seconds
from sightglass.jobs.queue import look_after_seconds
from sightglass.jobs.schedule import schedule
from sightglass.settings import Settings


def test_all_go_to_the_maintenance_queue() -> None:
    entries = schedule(Settings(_env_file=None, cleanup_interval_seconds=7))
    assert set(entries) == {names.CLEANUP, names.HEALTH_CHECK, names.RESCUE}
    assert {entry["options"]["queue"] for entry in entries.values()} == {names.MAINTENANCE_QUEUE}
    assert entries[names.CLEANUP]["schedule"] == 7


def test_times_fit_together() -> None:
    for seconds in (1, 60, 3600):
        settings = Settings(_env_file=None, task_visibility_timeout_seconds=seconds)
        assert lease_seconds(settings) < seconds < look_after_seconds(settings)


def test_delivery() -> None:
    conf = create_celery(Settings(_env_file=None, task_visibility_timeout_seconds=33)).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] == 33
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1
    assert conf.accept_content == ["json"]
