"""History: filters in the address, deep links, verdicts, and a prediction that failed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import photos
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def highway(platform: Platform) -> str:
    answer = platform.detect(photos.sample("highway").read_bytes(), name="highway.jpg")
    found: str = answer.json()["prediction_id"]
    nothing = platform.detect(
        photos.sample("dusk").read_bytes(), name="nothing.jpg", conf="0.99"
    ).json()
    assert nothing["num_instances"] == 0
    platform.wait_for_history([found, nothing["prediction_id"]])
    return found


def test_filter_and_reload_of_its_address(visitor: Visitor, highway: str) -> None:
    page = visitor.open("history")
    rows = page.get_by_test_id("prediction")
    expect(rows.filter(has_text="nothing.jpg")).not_to_have_count(0)
    page.get_by_role("combobox", name="Class").fill("truck")
    expect(rows.filter(has_text="nothing.jpg")).to_have_count(0)
    expect(rows.filter(has_text="highway.jpg")).not_to_have_count(0)
    assert "class=truck" in page.url
    shown = rows.count()
    page.reload()
    expect(rows).to_have_count(shown)
    expect(page.get_by_role("combobox", name="Class")).to_have_value("truck")
    visitor.picture("filtered")
    page.get_by_role("combobox", name="Class").fill("no such class")
    expect(rows).to_have_count(0)
    page.get_by_role("button", name=re.compile("Clear")).first.click()
    expect(rows.filter(has_text="nothing.jpg")).not_to_have_count(0)
    assert "class=" not in page.url


def test_deep_link_of_a_prediction(visitor: Visitor, highway: str) -> None:
    page = visitor.open(f"history/{highway}")
    expect(page.get_by_role("heading", level=1)).to_have_text("highway.jpg")
    expect(page.get_by_test_id("picture")).to_be_visible()
    expect(page.get_by_text("inference", exact=False).first).to_be_visible()


def test_unknown_prediction(visitor: Visitor) -> None:
    visitor.forgive.append("404")
    page = visitor.page
    page.goto(f"{visitor.url}/ui/history/{'0' * 32}")
    expect(page.get_by_text("No prediction has this id", exact=False)).to_be_visible(timeout=15_000)


def test_verdict_is_kept_shown_and_taken_back(
    visitor: Visitor, highway: str, platform: Platform
) -> None:
    page = visitor.open(f"history/{highway}")
    group = page.get_by_role("group", name="Verdict")
    page.get_by_label("Note").fill("The yellow truck is found twice.")
    group.get_by_role("button", name="Wrong").click()
    expect(group.get_by_role("button", name="Wrong")).to_have_attribute("aria-pressed", "true")
    kept = platform.http.get(f"/predictions/{highway}").json()["verdict"]
    assert (kept["verdict"], kept["note"]) == ("wrong", "The yellow truck is found twice.")
    page.goto(f"{visitor.url}/ui/history?verdict=wrong")
    row = page.get_by_test_id("prediction").filter(has_text="highway.jpg")
    expect(row).to_have_count(1)
    row.get_by_role("link").click()
    page.get_by_role("button", name="Take verdict back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Nobody has judged this prediction yet.")).to_be_visible()
    assert platform.http.get(f"/predictions/{highway}").json()["verdict"] is None


def test_boxes_are_corrected(visitor: Visitor, highway: str, platform: Platform) -> None:
    found = platform.http.get(f"/predictions/{highway}").json()["detections"]
    page = visitor.open(f"history/{highway}")
    page.get_by_role("button", name="Correct the boxes").click()
    boxes = page.get_by_role("list", name="Corrected boxes").get_by_role("listitem")
    expect(boxes).to_have_count(len(found))
    boxes.first.get_by_role("button", name=re.compile("Remove")).click()
    canvas = page.get_by_test_id("objects").bounding_box()
    assert canvas is not None
    # An empty piece of sky, in the upper part of the picture
    x, y = canvas["x"] + canvas["width"] * 0.45, canvas["y"] + canvas["height"] * 0.25
    page.get_by_label("Class of new boxes").select_option(label="motorbike")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    expect(boxes).to_have_count(len(found))
    visitor.picture("correcting")
    page.get_by_role("button", name="Save as wrong").click()
    expect(page.get_by_role("group", name="Verdict")).to_be_visible()
    kept = platform.http.get(f"/predictions/{highway}").json()["verdict"]
    assert kept["verdict"] == "wrong"
    assert len(kept["objects"]) == len(found)
    assert [o["name"] for o in kept["objects"]].count("motorbike") == 1
    drawn = next(o["box"] for o in kept["objects"] if o["name"] == "motorbike")
    assert 0 < drawn["x1"] < drawn["x2"] < 1280
    assert 0 < drawn["y1"] < drawn["y2"] < 400
    assert 'prediction_verdicts_total{model_name="street"' in platform.http.get("/metrics").text
