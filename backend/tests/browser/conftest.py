"""The whole platform, a real nginx in front of it, and Debian's Chromium looking at both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.measurements import LINES
from tests.browser.visitor import Visitor
from tests.e2e.platform import Platform
from tests.nginx.nginx_server import NginxServer

REPOSITORY = Path(__file__).parents[3]
UI_DIR = REPOSITORY / "frontend" / "dist" / "browser"
# Kept after the run, to be looked at.
SCREENSHOTS = REPOSITORY / "build" / "screenshots"


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("browser") / "state") as running:
        yield running


@pytest.fixture(scope="session")
def front(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxServer]:
    """An nginx as in production, before the platform."""
    assert (UI_DIR / "index.html").is_file(), "the web UI is not built: run `make ui`"
    port = platform.http.base_url.port
    assert port is not None
    folder = tmp_path_factory.mktemp("nginx")
    with NginxServer(folder, mode="prod", upstream_port=port, ui_dir=UI_DIR) as running:
        yield running


@pytest.fixture
def visitor(
    chromium: Browser, front: NginxServer, request: pytest.FixtureRequest
) -> Iterator[Visitor]:
    """A person with a browser. Errors on the console and requests to other hosts fail the test."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    visitor = Visitor(chromium, front.url, SCREENSHOTS / request.node.name)
    yield visitor
    visitor.leave()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("measured in the browser")
        for line in LINES:
            terminalreporter.line(line)
