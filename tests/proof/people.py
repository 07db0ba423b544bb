"""Owns what people do in the browser, click by click; expects the pages to let them, and judges nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Window
from tests.mailhost.daemon import wait_until
from tests.mailhost.dovecot import Dovecot
from tests.website.site import PASSWORD, Site

PATIENCE = 30.0
RULE_PAGE = re.compile(r"/exceptions/\d+/$")
REASON = "The vendor cannot sign with our domain before its next release; the change is ordered."


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.window = Window(browser, address=site.url, locale="en")
        self.page: Page = self.window.page

    def log_in(self, email: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("/")

    def accept_invitation(self, link: str, *, name: str) -> None:
        self.page.goto(link)
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()
        self.page.wait_for_url("/")

    def invite(self, email: str, *, role: str) -> str:
        """The link that the page shows once."""
        self.page.goto("/people/")
        self.page.locator("[name=email]").fill(email)
        self.page.locator("[name=role]").select_option(role)
        self.page.get_by_role("button", name="Propose").click()
        return self.page.locator("code.secret").inner_text()

    # --- Reports ---------------------------------------------------------------------------------------------------

    def add_mailbox(self, dovecot: Dovecot, *, user: str, password: str) -> None:
        """Choose the kind, fill the form, try the connection, save."""
        self.page.goto("/ingestion/")
        self.page.get_by_role("link", name="Add a mailbox").first.click()
        self.page.get_by_role("link", name="IMAP folder").click()
        given = {"name": "Reports", "host": "localhost", "port": str(dovecot.imaps_port), "username": user}
        for field, value in given.items():
            self.page.locator(f"[name={field}]").fill(value)
        self.page.locator("[name=ca_certificate]").fill(dovecot.ca_file.read_text())
        self.page.locator("[name=password]").fill(password)
        self.page.get_by_role("button", name="Test connection").click()
        expect(self.page.get_by_role("status").first).to_contain_text("The mailbox can be read")
        self.page.locator("[name=password]").fill(password)
        self.page.get_by_role("button", name="Add this mailbox").click()
        self.page.wait_for_url("/ingestion/")

    def wait_for_source(self, address: str) -> Locator:
        """Look at the failing sources until the address is among them; the value is its row."""
        row = self.page.get_by_role("row").filter(has_text=address)
        self._look_until("/sources/", lambda: row.count() == 1, what=f"{address} among the failing sources")
        return row

    def name_our_domain(self, name: str) -> None:
        """Confirm a domain that reports named."""
        self.page.goto("/domains/")
        self.page.get_by_role("button", name=f"This is ours {name}", exact=True).click()
        expect(self.page.get_by_role("link", name=f"Drop {name}", exact=True)).to_be_visible()

    # --- Enforcement -------------------------------------------------------------------------------------------------

    def enrol_node(self, name: str) -> tuple[str, str]:
        """Token and configuration, as the page shows them once."""
        self.page.goto("/nodes/")
        self.page.locator("[name=name]").fill(name)
        self.page.get_by_role("button", name="Enrol").click()
        return self.page.locator("code.secret").inner_text(), self.page.locator("pre code").inner_text()

    def enforce(self, mode: str, *, domain: str) -> None:
        self.page.goto("/enforcement/")
        self.page.get_by_role("link", name=f"Change {domain}", exact=True).click()
        self.page.locator(f"[name=mode][value={mode}]").check()
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_role("button", name="Enforce it now").click()
        self.page.wait_for_url("/enforcement/")

    # --- Exceptions --------------------------------------------------------------------------------------------------

    def request_exception(self, address: str, *, header_from: str, until: datetime | None = None) -> str:
        """From the failing source's page, as the form is filled there; the value is the path of the rule's page."""
        self.wait_for_source(address).get_by_role("link", name=address).click()
        self.page.get_by_role("link", name=f"Request exception for {header_from}").click()
        self.page.locator("[name=reason_text]").fill(REASON)
        if until:
            field = self.page.locator("[name=expires_at]")
            field.evaluate("field => field.step = 1")  # the picker offers whole minutes; the server takes seconds
            field.fill(until.strftime("%Y-%m-%dT%H:%M:%S"))
        self.page.get_by_role("button", name="Ask for approval").click()
        self.page.wait_for_url(RULE_PAGE)
        return urlsplit(self.page.url).path

    def approve(self, rule: str) -> None:
        """Read the request and approve it."""
        self.page.goto(rule)
        self.page.get_by_role("link", name="Review and approve").click()
        self.page.get_by_role("button", name="Approve", exact=True).click()
        self.page.wait_for_url(f"**{rule}")

    def try_to_approve(self, rule: str) -> int:
        """Send the form of approval past all pages; the value is the status of the answer."""
        token = next(each["value"] for each in self.window.context.cookies() if each["name"] == "csrftoken")
        form = {"seen_version": "1", "reason": "", "csrfmiddlewaretoken": token}
        return self.page.request.post(f"{rule}approve/", form=form, max_redirects=0).status

    def revoke(self, rule: str) -> None:
        self.page.goto(rule)
        self.page.get_by_role("link", name="Revoke").click()
        self.page.locator("[name=reason]").fill("The vendor signs now.")
        self.page.get_by_role("button", name="Revoke").click()
        self.page.wait_for_url(f"**{rule}")

    def wait_for_text(self, path: str, text: str, *, seconds: float) -> None:
        """Look at a page again and again until it says so."""
        main = self.page.locator("main")
        self._look_until(path, lambda: text in main.inner_text(), what=f"{text!r} on {path}", seconds=seconds)

    def _look_until(self, path: str, holds: Callable[[], bool], *, what: str, seconds: float = PATIENCE) -> None:
        def looks() -> bool:
            self.page.goto(path)
            return holds()

        wait_until(looks, seconds=seconds, what=what)
