"""Reports with markup, templates and control characters in every field: shown as they are, and nothing in them lives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import lxml.html
import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from reports.vocabulary import Role
from tests.browser import Window
from tests.pages.addresses import PAGES, has_number, somewhere, things
from tests.website import hostile
from tests.website.house import OURS, House

NO_PAGES = {"reports:report-original"}
IMAGES = "//img[not(starts-with(@src, '/'))]"
SCRIPTS = "//script[not(@src)][not(@type='application/json')]"


def every_page(house: House) -> list[str]:
    """Each page about each thing that the hostile reports left."""
    paths = []
    for name in PAGES:
        if name in NO_PAGES:
            continue
        if has_number(name) and name.endswith("-detail"):
            paths += [reverse(name, args=[pk]) for pk in things(house, name, organisation=OURS)]
        else:
            paths.append(somewhere(house, name, organisation=OURS) or "")
    return [
        *paths,
        *(f"{reverse('reports:source-list')}?tab={tab}" for tab in ("forwarder", "suspicious", "unknown", "fixable")),
    ]


def planted(page: str) -> list[str]:
    """Elements and attributes of a page that came out of a report."""
    tree = lxml.html.document_fromstring(page)
    found = [*tree.iter(hostile.MARK, "i"), *tree.xpath(IMAGES), *tree.xpath(SCRIPTS)]
    handlers = tree.xpath("//@*[starts-with(name(), 'on')]")
    return [lxml.html.tostring(each, encoding="unicode")[:200] for each in found] + [str(each) for each in handlers]


@pytest.fixture(scope="module")
def revealed(house: House) -> None:
    """The administrator sees every sample in full."""
    for pk in things(house, "reports:failure-detail", organisation=OURS):
        path = reverse("reports:failure-reveal", args=[pk])
        answer = house.people[Role.ADMINISTRATOR].post(path, {"reason": "Looking for what does not belong there."})
        assert answer.status_code == 302, answer.status_code


def test_every_field_was_taken_in(house: House) -> None:
    """Otherwise the pages would show nothing that could mean harm."""
    outcomes = dict(house.site.rows(
        "SELECT outcome, count(*) FROM reports_message WHERE channel = 'upload' AND filename LIKE %s GROUP BY outcome",
        f"%{hostile.MARK}%",
    ))  # fmt: skip
    assert sum(outcomes.values()) >= len(hostile.files())
    assert outcomes["stored"] >= len(hostile.files()) - 5, outcomes


def test_no_page_holds_what_a_report_planted(house: House, revealed: None) -> None:
    paths = every_page(house)
    visitor = house.people[Role.ADMINISTRATOR]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(visitor.get, paths))
    assert [
        (path, answer.status_code) for path, answer in zip(paths, answers, strict=True) if answer.status_code >= 500
    ] == []
    assert [
        (path, planted(answer.text)) for path, answer in zip(paths, answers, strict=True) if planted(answer.text)
    ] == []
    assert [path for path, answer in zip(paths, answers, strict=True) if "\0" in answer.text] == []


@pytest.mark.parametrize("name", ["reports:report-list", "reports:report-detail", "reports:failure-list",
                                  "reports:failure-detail", "reports:source-detail", "reports:message-detail", "reports:ingestion"])  # fmt: skip
def test_the_text_is_shown_as_it_was_sent(house: House, revealed: None, name: str) -> None:
    """At least one page of the kind shows the template's text and the mark-up as text."""
    paths = (
        [reverse(name, args=[pk]) for pk in things(house, name, organisation=OURS)]
        if has_number(name)
        else [f"{reverse(name)}?page={page}" for page in range(1, 5)]
    )
    texts = [
        lxml.html.document_fromstring(house.people[Role.ADMINISTRATOR].get(path).text).text_content() for path in paths
    ]
    assert any(hostile.MARK in text for text in texts)


def test_nothing_in_a_report_lives_in_chromium(house: House, revealed: None, browser: Browser) -> None:
    """The pages about the reports that mean harm in every field at once, and every list."""
    window = Window(browser, address=house.site.url, locale="en", viewport={"width": 1280, "height": 800})
    window.context.add_cookies(house.people[Role.ADMINISTRATOR].cookies)  # type: ignore[arg-type]
    paths = [somewhere(house, name, organisation=OURS) or "" for name in PAGES if name not in NO_PAGES]
    lives = []
    for path in paths:
        window.page.goto(path)
        expect(window.page.locator("[aria-busy=true]")).to_have_count(0)
        found = window.page.evaluate(f"document.querySelectorAll('{hostile.MARK}, img:not([src^=\"/\"])').length")
        if found:
            lives.append(path)
    window.page.goto("about:blank")
    assert lives == []
    # Chromium reports pages that answer 409 and 422 as failed resources.
    assert [said for said in window.complaints if "Failed to load resource" not in said] == []
