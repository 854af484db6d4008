"""A model that names whole images: its answer is never shown as "no objects"."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser import photos
from tests.browser.conftest import SCREENSHOTS
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

MODEL = Path(__file__).parents[1] / "models" / "v11_classify.pt"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state_dir = tmp_path_factory.mktemp("classifier") / "state"
    with Platform(state_dir, MODEL_PATH=str(MODEL)) as running:
        yield running


@pytest.fixture
def guest(
    chromium: Browser, classifier: Platform, request: pytest.FixtureRequest
) -> Iterator[Visitor]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    url = str(classifier.http.base_url).rstrip("/")
    visitor = Visitor(chromium, url, SCREENSHOTS / request.node.name)
    yield visitor
    visitor.leave()


def test_classes_on_every_page(guest: Visitor, classifier: Platform) -> None:
    page = guest.open("detect")
    page.get_by_test_id("files").first.set_input_files([photos.street_photo()])
    classes = page.get_by_role("region", name="Classes").get_by_role("listitem")
    expect(classes).to_have_count(3)
    expect(classes.first).to_contain_text(re.compile(r"(disc|square|triangle)\s*\d+ %"))
    best = re.split(r"\s", classes.first.inner_text())[0]
    strip = page.get_by_role("region", name="Images of this visit")
    expect(strip.get_by_role("button", name=f"bus.jpg {best}")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Annotated PNG").click()
    with Image.open(downloading.value.path()) as drawn, Image.open(photos.street_photo()) as photo:
        corner = (0, 0, 40, 20)  # where the names are
        assert _bytes(drawn.crop(corner)) != _bytes(photo.crop(corner))
    assert guest.accessibility_violations() == []
    record = page.get_by_role("link", name="Open the record").get_attribute("href")
    assert record is not None
    classifier.wait_for_history([record.rsplit("/", 1)[-1]])
    page.get_by_role("link", name="Open the record").click()
    expect(page.get_by_role("region", name="Classes").get_by_role("listitem")).to_have_count(3)
    expect(page.get_by_text("No objects")).to_have_count(0)
    page.get_by_role("link", name="History", exact=True).first.click()
    row = page.get_by_test_id("prediction").first
    expect(row).to_contain_text(best)
    expect(row).not_to_contain_text("No objects")
    guest.picture("history")


def _bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "BMP")
    return buffer.getvalue()
