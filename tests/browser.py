"""One Chromium for the tests of a module, and windows that remember everything the browser complained about.

Playwright keeps an event loop in the test's thread, in which Django refuses to touch a database: whoever takes `browser`
speaks to a server in another process (tests/website) and leaves the database alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from tests.mailhost.programs import program

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; skips (fails where CI=true) where it is not installed."""
    chromium = program("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


class Window:
    """One browser profile with one page, which may be used until the browser ends."""

    def __init__(self, browser: Browser, *, address: str, **options: Any) -> None:
        """Options are those of Playwright's contexts, such as `locale` and `color_scheme`."""
        self.context: BrowserContext = browser.new_context(base_url=address, **options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)

    def complaints_since_asked(self) -> list[str]:
        """What the browser complained about since this was last called."""
        said, self.complaints = self.complaints, []
        return said

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()
