"""The frame itself: the theme without a flash, the demo mark, and hostile names that stay words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from lxml import html

from dmarcsite.look.theme import COOKIE
from reports.viewer import Viewer
from reports.vocabulary import Role

HOSTILE = '"><script>alert(1)</script>'


def viewer(*, is_demo: bool = False, role: Role = Role.ADMINISTRATOR, name: str = "Example") -> Viewer:
    return Viewer(
        user_id=1, user_name="ann@example.com", organisation_id=1, organisation_name=name, is_demo=is_demo, role=role
    )


def page(request: HttpRequest, *, seen_by: Viewer | None = None, **context: object) -> Any:
    request.user = AnonymousUser()
    request.viewer = seen_by  # type: ignore[attr-defined]
    return html.document_fromstring(render_to_string("base.html", context, request=request))


def test_without_a_choice_the_page_follows_the_system(rf: RequestFactory) -> None:
    assert page(rf.get("/")).get("data-bs-theme") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_is_written_by_the_server(rf: RequestFactory, theme: str) -> None:
    request = rf.get("/")
    request.COOKIES[COOKIE] = theme
    assert page(request).get("data-bs-theme") == theme


def test_the_first_thing_in_the_page_leads_to_its_content(rf: RequestFactory) -> None:
    document = page(rf.get("/"))
    assert document.xpath("//body//a")[0].get("href") == "#main"
    assert len(document.xpath("//main[@id='main']")) == 1
    assert len(document.xpath("//h1")) == 1


def test_the_demonstration_is_marked_for_everybody_and_nothing_else_is(rf: RequestFactory) -> None:
    for role in Role:
        banner = page(rf.get("/"), seen_by=viewer(is_demo=True, role=role)).xpath("//*[@class='demo-banner']")
        assert len(banner) == 1
    assert page(rf.get("/"), seen_by=viewer()).xpath("//*[@class='demo-banner']") == []


def test_a_hostile_organisation_domain_and_query_stay_words(rf: RequestFactory) -> None:
    scope = {"lens": "here", "domain": HOSTILE, "domains": [HOSTILE], "days": 30, "ranges": [7, 30]}
    document = page(rf.get("/", {"q": HOSTILE, HOSTILE: "x"}), seen_by=viewer(name=HOSTILE), scope=scope)
    assert [script.text for script in document.xpath("//script") if script.text] == []
    assert document.xpath("//select[@name='domain']/option[@selected]")[0].get("value") == HOSTILE
    assert document.xpath("//input[@name='q']")[0].get("value") == HOSTILE


def test_the_lens_is_kept_apart_and_the_rest_of_the_query_stays(rf: RequestFactory) -> None:
    scope = {"lens": "here", "domains": [], "ranges": []}
    document = page(rf.get("/", {"days": "7", "page": "3"}), scope=scope)
    links = document.xpath("//nav[contains(@class, 'segments')]/a")
    assert [link.get("href") for link in links] == [
        "?days=7&lens=here",
        "?days=7&lens=elsewhere",
        "?days=7&lens=unknown",
    ]
    assert [link.get("aria-current") for link in links] == ["true", None, None]


def test_an_error_page_needs_no_context_at_all() -> None:
    document: Any = html.document_fromstring(render_to_string("500.html"))
    assert len(document.xpath("//h1")) == 1
