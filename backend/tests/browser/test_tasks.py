"""Tasks seen live: queued to its end without a reload, cancelled, tried again."""

from __future__ import annotations

import signal

import pytest
from playwright.sync_api import expect

from tests.browser import photos
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


def test_queued_task_to_its_end(visitor: Visitor, platform: Platform) -> None:
    page = visitor.open("tasks")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    # The worker stands still, so that every state is there to be seen.
    worker = platform.process("worker")
    family = [worker, *worker.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        image = photos.sample("bus-stop").read_bytes()
        first = platform.submit(image, name="first.jpg").json()["task_id"]
        second = platform.submit(image, name="second.jpg").json()["task_id"]
        row = page.locator(f'[data-task="{first}"]')
        expect(row).to_contain_text("queued")
        other = page.locator(f'[data-task="{second}"]')
        other.get_by_role("button", name="Cancel: second.jpg").click()
        expect(other).to_contain_text("cancelled")
        visitor.picture("queued")
    finally:
        for process in family:
            process.send_signal(signal.SIGCONT)
    expect(row).to_contain_text("completed", timeout=30_000)
    other.get_by_role("button", name="Try again: second.jpg").click()
    again = page.locator("[data-task]").filter(has_text="second.jpg")
    expect(again).to_have_count(2)
    expect(again.filter(has_text="completed")).to_have_count(1, timeout=30_000)
    visitor.picture("ended")
    lists = [request for request in visitor.requests if request == "GET /api/tasks"]
    looks = [request for request in visitor.requests if "GET /api/task/" in request]
    assert len(lists) <= 3, "it polls"
    assert len(looks) <= 1, "it polls"  # once for the task that the retry made
    row.get_by_role("link", name="Open result: first.jpg").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("first.jpg")


def test_states_are_filters_in_the_address(visitor: Visitor, platform: Platform) -> None:
    image = photos.sample("bus-stop").read_bytes()
    task = platform.submit(image, name="mine.jpg").json()["task_id"]
    platform.wait_for_tasks([task])
    page = visitor.open("tasks?status=completed")
    expect(page.locator(f'[data-task="{task}"]')).to_be_visible()
    page.goto(f"{visitor.url}/ui/tasks?status=failed")
    expect(page.get_by_text("No task is failed now")).to_be_visible()
