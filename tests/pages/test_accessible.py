"""Every page in Chromium, light and dark, English and Japanese: axe finds nothing, the browser complains about nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from reports.vocabulary import Role
from tests.browser import Window
from tests.pages.addresses import PAGES, VARIANTS, somewhere
from tests.website.house import DEMO, OURS, House
from tests.website.visitor import Visitor

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
RUN = "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NO_PAGES = {"reports:report-original"}
"""A file to download."""
ACCOUNT_PAGES = (
    "account_change_password",
    "mfa_index",
    "mfa_activate_totp",
    "account_logout",
    "account_reauthenticate",
)
NARROW, WIDE = 320, 1280
STRANGERS_PAGES = ("account_login", "account_reset_password")


class Eyes:
    """Two windows in one language: one under our security policy, and one without it, since axe styles what it measures."""

    def __init__(self, browser: Browser, *, address: str, language: str) -> None:
        plain = Window(browser, address=address, locale=language)
        still = Window(browser, address=address, locale=language, reduced_motion="reduce", bypass_csp=True)
        self.windows = (plain, still)

    def become(self, visitor: Visitor | None) -> None:
        """Look with the cookies of this person from now on, or with none."""
        for window in self.windows:
            window.context.clear_cookies()
            window.context.add_cookies(visitor.cookies if visitor else [])  # type: ignore[arg-type]

    def faults(self, path: str) -> list[str]:
        """What Chromium says about a page, and what axe finds in it in both colour schemes."""
        plain, still = (window.page for window in self.windows)
        answer = plain.goto(path)
        assert answer and answer.status == 200, f"{path} answers {answer and answer.status}"
        assert plain.locator("html").get_attribute("lang") == plain.evaluate("navigator.language")
        still.goto(path)
        expect(still.locator("[aria-busy=true]")).to_have_count(0)  # parts that come after the page
        still.evaluate(AXE)
        found = []
        for scheme in ("light", "dark"):
            still.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            violations = still.evaluate(RUN, RULES)
            found += [f"{path} {scheme} {each['id']}: {node['html']}" for each in violations for node in each["nodes"]]
        return found + self._reflow(path)

    def _reflow(self, path: str) -> list[str]:
        """Whether the page itself has to be scrolled sideways on the narrowest screen (WCAG 1.4.10); tables may be."""
        page = self.windows[1].page
        page.set_viewport_size({"width": NARROW, "height": 800})
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": WIDE, "height": 720})
        return [f"{path} is {width} px wide on a screen of {NARROW}"] if width > NARROW else []

    def complaints(self) -> list[str]:
        """Everything that the browser said while it looked around."""
        for window in self.windows:
            window.page.goto("about:blank")
        return [said for window in self.windows for said in window.complaints_since_asked()]


@pytest.fixture(scope="module", params=["en", "ja"])
def eyes(request: Any, browser: Browser, house: House) -> Eyes:
    return Eyes(browser, address=house.site.url, language=request.param)


def pages(house: House) -> tuple[list[str], list[str]]:
    """The pages of the demo, and those of our own organisation where the demo has nothing or lets nobody change anything."""
    names = [name for name in PAGES if name not in NO_PAGES]
    demo = {name: somewhere(house, name, organisation=DEMO) for name in names}
    shown = {name: path for name, path in demo.items() if path and house.guide.get(path).status_code == 200}
    ours = {name: somewhere(house, name, organisation=OURS) or name for name in names if name not in shown}
    return _with_variants(shown), _with_variants(ours)


def _with_variants(paths: Mapping[str, str]) -> list[str]:
    return [path + variant for name, path in paths.items() for variant in ("", *VARIANTS.get(name, []))]


def test_no_page_has_anything_to_complain_about(eyes: Eyes, house: House) -> None:
    theirs, ours = pages(house)
    eyes.become(house.guide)
    faults = [fault for path in theirs for fault in eyes.faults(path)]
    eyes.become(house.people[Role.ADMINISTRATOR])
    faults += [fault for path in ours for fault in eyes.faults(path)]
    assert faults + eyes.complaints() == []


def test_no_account_page_has_anything_to_complain_about(eyes: Eyes, house: House) -> None:
    eyes.become(None)
    faults = [fault for name in STRANGERS_PAGES for fault in eyes.faults(reverse(name))]
    eyes.become(house.guide)
    faults += [fault for name in ACCOUNT_PAGES for fault in eyes.faults(reverse(name))]
    assert faults + eyes.complaints() == []
