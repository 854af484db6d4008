"""Queued images: submitting, asking, waiting, cancelling. The worker is played by the store."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from sightglass.api.schemas.tasks import TaskAccepted, TaskAnswer, TaskList
from sightglass.jobs.task_store import TaskStore
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem

RESULT = {
    "success": True,
    "prediction_id": "0" * 32,
    "detections": [],
    "num_instances": 0,
    "processing_time": 0.02,
    "timings": {"inference": 12.0},
    "model": {"name": "street", "version": "1"},
    "image": {"width": 320, "height": 240},
    "image_size": {"width": 320, "height": 240},
}


def take_up(store: TaskStore, task_id: str) -> None:
    store.claim(task_id, lease_seconds=30, max_attempts=3)


def test_accepted(client: httpx.Client) -> None:
    answer = client.post("/process-image/async", files={"file": ("photo.jpg", encoded())})
    assert answer.status_code == 202
    accepted = TaskAccepted.model_validate(answer.json())
    assert accepted.status == "processing"
    assert answer.headers["location"] == f"/task/{accepted.task_id}"
    state = client.get(answer.headers["location"])
    assert state.status_code == 200
    task = TaskAnswer.model_validate(state.json())
    assert task.status == "queued"
    assert task.progress == 0
    assert task.image_name == "photo.jpg"


def test_location_keeps_the_api_prefix(client: httpx.Client) -> None:
    answer = client.post("/api/process-image/async", content=encoded(), headers=_JPEG)
    assert answer.headers["location"].startswith("/api/task/")
    assert client.get(answer.headers["location"]).status_code == 200


def test_what_is_no_image_is_refused_and_no_task_made(client: httpx.Client) -> None:
    before = client.get("/tasks").json()["tasks"]
    answer = client.post("/process-image/async", content=b"nonsense", headers=_JPEG)
    assert_problem(answer, 400, "not_an_image")
    assert client.get("/tasks").json()["tasks"] == before


def test_options_are_checked_before_the_task_is_made(client: httpx.Client) -> None:
    params = {"classes": "unicorn"}
    answer = client.post("/process-image/async", params=params, content=encoded(), headers=_JPEG)
    assert_problem(answer, 422, "invalid_parameter")


def test_result(client: httpx.Client, store: TaskStore, task_id: str) -> None:
    take_up(store, task_id)
    store.progress(task_id, 0.5)
    task = TaskAnswer.model_validate(client.get(f"/task/{task_id}").json())
    assert (task.status, task.progress) == ("processing", 0.5)
    store.complete(task_id, RESULT)
    answer = client.get(f"/task/{task_id}").json()
    assert TaskAnswer.model_validate(answer).status == "completed"
    assert answer["result"] == RESULT
    assert answer["error"] is None


def test_failure_is_never_a_result(client: httpx.Client, store: TaskStore, task_id: str) -> None:
    take_up(store, task_id)
    store.fail(task_id, "broken_image", "The image is damaged.")
    task = client.get(f"/task/{task_id}").json()
    assert task["status"] == "failed"
    assert task["result"] is None
    assert task["error"] == {"code": "broken_image", "message": "The image is damaged."}


def test_waiting_ends_when_the_task_does(
    client: httpx.Client, store: TaskStore, task_id: str
) -> None:
    take_up(store, task_id)
    finish = threading.Timer(0.5, store.complete, (task_id, RESULT))
    finish.start()
    began = time.monotonic()
    answer = client.get(f"/task/{task_id}", params={"wait": "10"})
    assert answer.json()["status"] == "completed"
    assert 0.4 < time.monotonic() - began < 5
    finish.join()


def test_waiting_ends_with_its_time(client: httpx.Client, task_id: str) -> None:
    began = time.monotonic()
    answer = client.get(f"/task/{task_id}", params={"wait": "0.3"})
    assert answer.json()["status"] == "queued"
    assert 0.25 < time.monotonic() - began < 5


@pytest.mark.parametrize("wait", ["31", "-1", "nan", "long"])
def test_wrong_wait(client: httpx.Client, task_id: str, wait: str) -> None:
    answer = client.get(f"/task/{task_id}", params={"wait": wait})
    assert_problem(answer, 422, "invalid_parameter")


def test_cancel(client: httpx.Client, task_id: str) -> None:
    answer = client.delete(f"/task/{task_id}")
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert client.get(f"/task/{task_id}").json()["status"] == "cancelled"
    assert_problem(client.delete(f"/task/{task_id}"), 409, "task_finished")


@pytest.mark.parametrize("unknown", ["f" * 32, "abc", "%00", "a" * 5000, "F" * 32])
def test_unknown_task(client: httpx.Client, unknown: str) -> None:
    assert_problem(client.get(f"/task/{unknown}"), 404, "unknown_task")
    assert_problem(client.delete(f"/task/{unknown}"), 404, "unknown_task")


def test_list_is_newest_first(client: httpx.Client) -> None:
    made = [
        client.post("/process-image/async", content=encoded(), headers=_JPEG).json()["task_id"]
        for _ in range(3)
    ]
    tasks = TaskList.model_validate(client.get("/tasks", params={"limit": 3}).json()).tasks
    assert [task.task_id for task in tasks] == made[::-1]
    client.delete(f"/task/{made[1]}")
    cancelled = client.get("/tasks", params={"status": "cancelled"}).json()["tasks"]
    assert made[1] in [task["task_id"] for task in cancelled]
    assert {task["status"] for task in cancelled} == {"cancelled"}


_JPEG = {"Content-Type": "image/jpeg"}
