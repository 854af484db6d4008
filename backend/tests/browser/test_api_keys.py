"""A platform that wants keys: with none, with one that may only look, and with a revoked one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import photos
from tests.browser.conftest import UI_DIR
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform
from tests.nginx.nginx_server import NginxServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state = tmp_path_factory.mktemp("keyed") / "state"
    with Platform(state, REQUIRE_API_KEYS="true") as running:
        yield running


@pytest.fixture(scope="module")
def front(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxServer]:
    port = platform.http.base_url.port
    assert port is not None
    folder = tmp_path_factory.mktemp("nginx")
    with NginxServer(folder, mode="prod", upstream_port=port, ui_dir=UI_DIR) as running:
        yield running


@pytest.fixture(scope="module")
def recorded(platform: Platform) -> str:
    """A prediction in the history, made with a key of its own; its picture's name."""
    platform.http.headers["X-API-Key"] = create(platform, "everything", "read", "detect", "manage")
    made = platform.detect(photos.sample("highway").read_bytes(), name="seen.jpg")
    assert made.status_code == 200, made.text
    platform.wait_for_history([made.json()["prediction_id"]])
    return "seen.jpg"


def keys(platform: Platform, *arguments: str) -> str:
    """What `sightglass keys` says on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "sightglass.cli", "keys", *arguments],
        env={**os.environ, "STATE_DIR": str(platform.state_dir)},
        cwd=platform.state_dir.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def create(platform: Platform, name: str, *scopes: str) -> str:
    wanted = [part for scope in scopes for part in ("--scope", scope)]
    return keys(platform, "create", name, *wanted).strip()


def go_to(page: Page, name: str) -> None:
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name=name, exact=True).click()


def give(page: Page, key: str) -> None:
    page.get_by_label("API key", exact=True).fill(key)
    page.get_by_role("button", name="Use this key").click()


def test_looking_with_a_key_that_may_only_look(
    visitor: Visitor, platform: Platform, recorded: str
) -> None:
    visitor.forgive += ("401", "403")
    page = visitor.open("history")
    wanted = page.get_by_label("API key", exact=True)
    expect(wanted).to_be_visible()
    expect(page.get_by_role("heading", name="An API key is needed")).to_be_visible()
    visitor.picture("wanted")
    assert visitor.accessibility_violations() == []
    give(page, "sg_aaaaaaaa_" + "a" * 43)
    expect(page.get_by_text("This API key is not valid", exact=False).first).to_be_visible()
    expect(wanted).to_be_visible()
    give(page, create(platform, "looks-only", "read"))
    expect(wanted).to_be_hidden()
    expect(page.get_by_text(recorded).first).to_be_visible()
    picture = page.get_by_test_id("prediction").first.locator("img")
    page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
    expect(page.locator("header").get_by_text("street")).to_be_visible()  # from /health
    go_to(page, "Tasks")
    expect(page.get_by_text("live", exact=True)).to_be_visible(timeout=20_000)
    go_to(page, "Detect")
    page.get_by_role("button", name="Highway").click()
    expect(page.get_by_text("This API key lacks the scope `detect`.").first).to_be_visible()
    expect(wanted).to_be_hidden()
    visitor.picture("lacks")


def test_a_revoked_key_is_asked_for_again(
    visitor: Visitor, platform: Platform, recorded: str
) -> None:
    visitor.forgive += ("401", "403")
    page = visitor.open("history")
    give(page, create(platform, "soon-gone", "read", "detect"))
    expect(page.get_by_text(recorded).first).to_be_visible()
    keys(platform, "revoke", "soon-gone")
    wanted = page.get_by_label("API key", exact=True)
    for _ in range(60):  # within seconds; the page itself asks only now and then
        page.get_by_role("button", name="Refresh").click()
        page.wait_for_timeout(500)
        if wanted.is_visible():
            break
    expect(wanted).to_be_visible()
    key = create(platform, "the-next-one", "read", "detect")
    give(page, key)
    expect(wanted).to_be_hidden()
    go_to(page, "Detect")
    page.get_by_role("button", name="Highway").click()
    rows = page.get_by_role("table", name="Objects").locator("tbody tr")
    expect(rows).not_to_have_count(0)
    page.get_by_role("button", name=f"Forget the API key {key[3:11]}").click()
    go_to(page, "History")
    expect(wanted).to_be_visible()


def test_the_start_says_how_to_make_a_key(platform: Platform) -> None:
    said = platform.log_path.read_text()
    assert f"STATE_DIR={platform.state_dir} sightglass keys create" in said
    assert '-H "X-API-Key: $KEY"' in said


def test_a_quota_that_is_used_up(visitor: Visitor, platform: Platform, recorded: str) -> None:
    visitor.forgive += ("401", "403", "429")
    page = visitor.open("history")
    made = keys(platform, "create", "one-a-day", "--scope", "detect", "--quota", "1/day")
    give(page, made.strip())
    go_to(page, "Detect")
    page.get_by_role("button", name="Highway").click()
    rows = page.get_by_role("table", name="Objects").locator("tbody tr")
    expect(rows).not_to_have_count(0)
    page = visitor.open("detect")
    page.get_by_role("button", name="Highway").click()
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("more images than its quota allows")
    expect(refused).to_contain_text(re.compile(r"Try again (tomorrow|in \d+ hours)\."))
    visitor.picture("used-up")


def test_many_files_with_a_key_that_may_only_detect(
    visitor: Visitor, platform: Platform, recorded: str, tmp_path: Path
) -> None:
    """It may list no tasks and watch none, but it may ask for those that it has queued."""
    assert recorded
    visitor.forgive += ("401", "403")
    page = visitor.open("detect")
    give(page, create(platform, "sends-only", "detect"))
    page.get_by_test_id("files").first.set_input_files(photos.copies(tmp_path, 12))
    progress = page.get_by_role("region", name="Progress of the queue")
    expect(progress).to_contain_text("12 of 12 done", timeout=60_000)
    assert visitor.requests.count("POST /api/process-image/async") == 12
    go_to(page, "Tasks")
    expect(page.get_by_text("This API key lacks the scope `read`.").first).to_be_visible()


def test_the_audit_log_knows_all_of_it(platform: Platform, recorded: str) -> None:
    """What api and worker serve, and each key of these tests, through the real processes."""
    assert recorded

    def told() -> set[tuple[str, str]]:
        entries = platform.http.get("/audit", params={"limit": 200}).json()["entries"]
        return {(entry["actor"].partition(":")[0], entry["action"]) for entry in entries}

    wanted = {("api", "model_served"), ("worker", "model_served"), ("cli", "key_created")}
    platform.wait_until(lambda: wanted <= told(), 60, "the audit log")
