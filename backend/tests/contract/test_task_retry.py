"""Trying a failed or cancelled task again. The worker is played by the store."""

from __future__ import annotations

import httpx
import pytest

from sightglass.api.schemas.tasks import TaskAccepted, TaskAnswer
from sightglass.jobs import names
from sightglass.jobs.task_state import ImageJob
from sightglass.jobs.task_store import TaskStore
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem


def take_up(store: TaskStore, task_id: str) -> ImageJob:
    return store.claim(task_id, lease_seconds=30, max_attempts=3).job


def test_failed_task_again_as_a_new_one(client: httpx.Client, store: TaskStore) -> None:
    accepted = client.post(
        "/process-image/async",
        params={"conf": 0.4, "classes": "0", "annotate": True},
        files={"file": ("photo.jpg", encoded())},
    )
    failed = accepted.json()["task_id"]
    job = take_up(store, failed)
    store.fail(failed, "inference_failed", "The model failed on this image.")

    answer = client.post(f"/task/{failed}/retry", headers={"X-Request-ID": "again"})

    assert answer.status_code == 202
    again = TaskAccepted.model_validate(answer.json())
    assert again.task_id != failed
    assert again.status == "processing"
    assert answer.headers["location"] == f"/task/{again.task_id}"
    state = TaskAnswer.model_validate(client.get(answer.headers["location"]).json())
    assert (state.status, state.attempts, state.image_name) == ("queued", 0, "photo.jpg")
    assert state.request_id == "again"
    assert store.blobs.get(names.upload_key(again.task_id)) == encoded()
    retried = take_up(store, again.task_id)
    assert (retried.options, retried.annotate) == (job.options, True)
    assert retried.options.confidence == 0.4
    assert client.get(f"/task/{failed}").json()["status"] == "failed"


def test_cancelled_task_twice(client: httpx.Client, task_id: str) -> None:
    client.delete(f"/task/{task_id}")
    made = [client.post(f"/task/{task_id}/retry").json()["task_id"] for _ in range(2)]
    assert len({*made, task_id}) == 3
    assert [client.get(f"/task/{again}").json()["status"] for again in made] == ["queued"] * 2


def test_cancelled_under_its_worker(client: httpx.Client, store: TaskStore, task_id: str) -> None:
    take_up(store, task_id)
    client.delete(f"/task/{task_id}")
    assert not store.complete(task_id, {})  # the worker is done, too late
    assert client.post(f"/task/{task_id}/retry").status_code == 202


def test_location_keeps_the_api_prefix(client: httpx.Client, task_id: str) -> None:
    client.delete(f"/api/task/{task_id}")
    answer = client.post(f"/api/task/{task_id}/retry")
    assert answer.headers["location"] == f"/api/task/{answer.json()['task_id']}"


@pytest.mark.parametrize("unknown", ["f" * 32, "abc", "F" * 32])
def test_unknown_task(client: httpx.Client, unknown: str) -> None:
    assert_problem(client.post(f"/task/{unknown}/retry"), 404, "unknown_task")


def test_neither_failed_nor_cancelled(client: httpx.Client, store: TaskStore, task_id: str) -> None:
    def refused() -> str:
        answer = client.post(f"/task/{task_id}/retry")
        assert_problem(answer, 409, "task_not_retryable")
        return str(client.get(f"/task/{task_id}").json()["status"])

    assert refused() == "queued"
    take_up(store, task_id)
    assert refused() == "processing"
    store.complete(task_id, {"success": True})
    assert refused() == "completed"


def test_upload_is_gone(client: httpx.Client, store: TaskStore, task_id: str) -> None:
    client.delete(f"/task/{task_id}")
    store.blobs.delete(names.upload_key(task_id))
    before = client.get("/tasks").json()
    assert_problem(client.post(f"/task/{task_id}/retry"), 404, "upload_expired")
    assert client.get("/tasks").json() == before
