"""A person at a browser: opens pages, drops pictures, and notices what is wrong on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

_AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_DESKTOP = (1280, 860)
PHONE = (390, 844)


class Visitor:
    """One browser context on `url`, with a desktop's screen unless told otherwise.

    `forgive` lists parts of console messages that a test brings about on purpose.
    """

    def __init__(self, browser: Browser, url: str, pictures: Path) -> None:
        self.url = url
        self.forgive: list[str] = ["willReadFrequently"]  # the tests read pixels, the page does not
        self.requests: list[str] = []
        self._browser = browser
        self._pictures = pictures
        self._complaints: list[str] = []
        self._context: BrowserContext | None = None
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        return self._page or self.arrive()

    def arrive(
        self,
        *,
        screen: tuple[int, int] = _DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        **options: Any,
    ) -> Page:
        """A new browser window; the one before is closed."""
        if self._context is not None:
            self._context.close()
        self._context = self._browser.new_context(
            viewport={"width": screen[0], "height": screen[1]},
            color_scheme=scheme,
            ignore_https_errors=True,  # the certificate is the test's own
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        self._page = self._context.new_page()
        self._page.on("console", self._hear)
        self._page.on("pageerror", lambda error: self._complaints.append(f"error: {error}"))
        self._page.on("request", self._note)
        return self._page

    def open(self, path: str) -> Page:
        """Go to a page of the UI and wait until it has settled."""
        self.page.goto(f"{self.url}/ui/{path}")
        self.page.get_by_role("heading", level=1).wait_for()
        return self.page

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        self.page.screenshot(path=f"{self._pictures}-{name}.png")

    def accessibility_violations(self) -> list[str]:
        """What axe-core finds on the page as it is now."""
        self.page.evaluate(_AXE.read_text())
        found = self.page.evaluate("axe.run().then((result) => result.violations)")
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found
            for node in violation["nodes"]
        ]

    def leave(self) -> None:
        """Close the window; whatever was wrong and is not forgiven fails the test."""
        if self._page is not None:
            self.picture("end")
        if self._context is not None:
            self._context.close()
        wrong = [
            complaint
            for complaint in self._complaints
            if not any(part in complaint for part in self.forgive)
        ]
        assert not wrong, wrong

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"{message.type}: {message.text}")

    def _note(self, request: Request) -> None:
        address = urlsplit(request.url)
        self.requests.append(f"{request.method} {address.path}")
        if address.scheme in ("http", "https") and address.netloc != urlsplit(self.url).netloc:
            self._complaints.append(f"a request to another host: {request.url}")
