"""Every page, light and dark, on a desk and on a phone: accessible, whole and from one host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from tests.browser import photos
from tests.browser.measurements import report
from tests.browser.visitor import PHONE, Visitor
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

PAGES = ("detect", "tasks", "history", "models", "monitor", "no-such-page")
FIRST_LOAD_BYTES = 250_000


@pytest.fixture(scope="module", autouse=True)
def predictions(platform: Platform) -> list[str]:
    """Some history, so that pages have something to show."""
    image = photos.sample("highway").read_bytes()
    ids = [
        platform.detect(image, name=f"highway-{n}.jpg").json()["prediction_id"] for n in range(3)
    ]
    task = platform.submit(image, name="queued.jpg").json()["task_id"]
    platform.wait_for_tasks([task])
    platform.wait_for_history([*ids, task])
    return [*ids, task]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_accessible(visitor: Visitor, path: str, scheme: Literal["light", "dark"]) -> None:
    visitor.arrive(scheme=scheme)
    visitor.open(path)
    visitor.page.wait_for_load_state("networkidle" if path not in STREAMING else "load")
    visitor.page.wait_for_timeout(500)  # charts are drawn after their numbers came
    visitor.picture("page")
    assert visitor.accessibility_violations() == []


STREAMING = frozenset({"tasks", "monitor"})  # an open event stream or a refresh keeps them busy


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_prediction_accessible(
    visitor: Visitor, predictions: list[str], scheme: Literal["light", "dark"]
) -> None:
    visitor.arrive(scheme=scheme)
    page = visitor.open(f"history/{predictions[0]}")
    page.get_by_test_id("objects").wait_for()
    visitor.picture("page")
    assert visitor.accessibility_violations() == []


@pytest.mark.parametrize("path", [*PAGES, "prediction"])
def test_phone(visitor: Visitor, predictions: list[str], path: str) -> None:
    visitor.arrive(screen=PHONE, has_touch=True, is_mobile=True)
    page = visitor.open(f"history/{predictions[0]}" if path == "prediction" else path)
    page.wait_for_timeout(500)
    visitor.picture("page")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert visitor.accessibility_violations() == []


def test_dark_mode_is_chosen_and_remembered(visitor: Visitor) -> None:
    page = visitor.open("history")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name=re.compile("Colours"))
    button.click()
    expect(page.locator("html")).to_have_attribute("data-scheme", "light")
    assert page.evaluate(ground) == light
    button.click()
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    dark = page.evaluate(ground)
    assert _brightness(dark) < 0.3 < 0.8 < _brightness(light)
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    assert page.evaluate(ground) == dark


def test_first_load_is_small(visitor: Visitor) -> None:
    """All that is transferred until the first page stands, fonts and pictures aside."""
    visitor.open("detect")
    visitor.page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = visitor.page.evaluate("""
        Object.fromEntries(
          performance.getEntriesByType('resource')
            .concat(performance.getEntriesByType('navigation'))
            .filter((entry) => /\\.(js|css)$|\\/detect$/.test(entry.name))
            .map((entry) => [entry.name, entry.transferSize]))
    """)
    total = sum(sizes.values())
    report(f"first load: {total / 1000:.0f} kB transferred in {len(sizes)} files")
    assert len(sizes) > 3
    assert 50_000 < total < FIRST_LOAD_BYTES, sizes


def test_a_long_name_fits_on_a_phone(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 180}.jpg"
    path.write_bytes(photos.sample("highway").read_bytes())
    visitor.arrive(screen=PHONE, has_touch=True, is_mobile=True)
    page = visitor.open("detect")
    page.get_by_test_id("files").first.set_input_files([path])
    page.get_by_role("link", name="Open the record").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_code_of_a_page_that_is_gone(visitor: Visitor) -> None:
    """After an update the page's files have other names: a new document knows them."""
    visitor.forgive += ["status of 404", "dynamically imported module"]
    page = visitor.open("detect")
    page.evaluate("window.isOld = true")

    gone: dict[str, Any] = {"status": 404, "content_type": "text/plain", "body": "gone"}
    page.route("**/ui/chunk-*.js", lambda route: route.fulfill(**gone), times=1)
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("heading", level=1, name="Tasks").wait_for()
    assert page.evaluate("window.isOld") is None


def test_reload_without_nginx(visitor: Visitor, platform: Platform) -> None:
    """The API's own answer to "has it changed?" must leave the page as it was."""
    visitor.url = str(platform.http.base_url).rstrip("/")
    page = visitor.open("history")
    page.reload()
    page.get_by_role("heading", level=1, name="History").wait_for()


def test_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.open("detect")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.get_by_role("link", name="History", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="History").wait_for()


def _brightness(color: str) -> float:
    numbers = [float(number) for number in re.findall(r"[\d.]+", color)[:3]]
    return sum(numbers) / (3 * 255)
