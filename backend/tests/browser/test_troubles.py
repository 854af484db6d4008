"""What a visitor sees when the server goes away, comes back, or wants a key."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

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


def test_a_server_that_wants_a_key(visitor: Visitor) -> None:
    """The browser meets 401 until it sends the key; what lets it through is the real server."""
    visitor.forgive.append("401")
    refused = {
        "type": "urn:sightglass:problem:api_key_required",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Send an API key.",
        "code": "api_key_required",
        "request_id": "r1",
        "instance": "/api",
    }

    def guard(route: Route) -> None:
        if route.request.headers.get("x-api-key") == "a-key-of-mine":
            route.continue_()
        else:
            body = json.dumps(refused)
            route.fulfill(status=401, content_type="application/problem+json", body=body)

    page = visitor.page
    page.route("**/api/predictions*", guard)
    visitor.open("history")
    key = page.get_by_label("API key", exact=True)
    expect(key).to_be_visible()
    expect(page.get_by_text("Send an API key.").first).to_be_visible()
    visitor.picture("wanted")
    assert visitor.accessibility_violations() == []
    key.fill("a-key-of-mine")
    page.get_by_role("button", name="Use this key").click()
    expect(key).to_be_hidden()
    expect(page.get_by_test_id("prediction").first).to_be_visible()
