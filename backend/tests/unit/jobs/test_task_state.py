"""What travels through Redis comes back as it was."""

from __future__ import annotations

import pytest

from sightglass.engine.types import DetectOptions
from sightglass.jobs.task_state import ImageJob, TaskFailure, TaskStatus, state_of


@pytest.mark.parametrize(
    "job",
    [
        ImageJob(),
        ImageJob(DetectOptions(confidence=0.3, iou=0.5, classes=(0, 7), max_detections=9)),
        ImageJob(annotate=True, image_name="Straße 1.jpg", request_id="r-1"),
        ImageJob(DetectOptions(classes=())),
    ],
)
def test_job_comes_back(job: ImageJob) -> None:
    assert ImageJob.from_json(job.to_json()) == job


def test_failed_state() -> None:
    state = state_of(
        "a",
        {
            "name": "sightglass.process_image",
            "status": "failed",
            "progress": "0",
            "submitted_at": "1.5",
            "finished_at": "2.25",
            "attempts": "2",
            "error": '{"code": "broken_image", "message": "It is broken."}',
        },
    )
    assert state.status is TaskStatus.FAILED
    assert state.error == TaskFailure("broken_image", "It is broken.")
    assert (state.submitted_at, state.started_at, state.finished_at) == (1.5, None, 2.25)
    assert state.result is None


def test_final_states() -> None:
    assert {status.value for status in TaskStatus if status.is_final} == {
        "completed",
        "failed",
        "cancelled",
    }
