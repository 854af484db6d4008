"""What a visitor sees when the server goes away and comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import photos
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform
from tests.nginx.nginx_server import NginxServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

# A broken connection is also written to the console by the browser itself.
AWAY = ("Failed to load resource", "ERR_")


def test_server_away_and_back(visitor: Visitor, front: NginxServer, platform: Platform) -> None:
    image = photos.sample("highway").read_bytes()
    first = platform.detect(image, name="before.jpg").json()["prediction_id"]
    platform.wait_for_history([first])
    visitor.forgive += AWAY
    page = visitor.open("history")
    expect(page.get_by_text("before.jpg").first).to_be_visible()
    front.kill()
    page.get_by_role("button", name="Refresh").click()
    banner = page.get_by_text("The server does not answer", exact=False)
    expect(banner).to_be_visible()
    visitor.picture("away")
    second = platform.detect(image, name="meanwhile.jpg").json()["prediction_id"]
    platform.wait_for_history([second])
    front.start()
    expect(banner).to_be_hidden(timeout=15_000)
    expect(page.get_by_text("meanwhile.jpg").first).to_be_visible(timeout=15_000)


def test_killed_api_comes_back_without_a_reload(visitor: Visitor, platform: Platform) -> None:
    visitor.forgive += AWAY
    page = visitor.open("models")
    expect(page.get_by_text("bf16", exact=False).or_(page.get_by_text("f32")).first).to_be_visible()
    platform.kill("serve")
    page.get_by_role("link", name="History", exact=True).click()
    banner = page.get_by_text("The server does not answer", exact=False)
    expect(banner).to_be_visible(timeout=15_000)
    expect(banner).to_be_hidden(timeout=60_000)
    expect(page.get_by_test_id("prediction").first).to_be_visible(timeout=15_000)
