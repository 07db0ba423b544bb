"""The left side shows to each role the doors that open for it."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, include, path, reverse

from dmarcsite.look.navigation import SECTIONS, navigation
from reports.permissions import may
from reports.vocabulary import Role


def stub(request: HttpRequest) -> HttpResponse:
    """A page that nobody opens here."""
    return HttpResponse()


def routes(*names: str) -> list[URLPattern]:
    return [path("" if name == "overview" else f"{name}/", stub, name=name) for name in names]


reports = (routes("source-list", "report-list", "failure-list", "tls-list", "ingestion", "upload"), "reports")
exceptions = (routes("rule-list", "enforcement", "node-list"), "exceptions")
urlpatterns = [
    *routes("overview", "domains", "people", "audit"),
    path("", include(reports)),
    path("", include(exceptions)),
]


@pytest.fixture(autouse=True)
def _pages(settings: object) -> None:
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]


def names(role: Role | str) -> list[str]:
    return [entry.url_name for section in navigation(role=role, path="/") for entry in section.entries]


def test_somebody_without_a_role_sees_no_door() -> None:
    assert names("") == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_exactly_the_doors_that_open_for_it(role: Role) -> None:
    assert names(role) == [door.url_name for _, doors in SECTIONS for door in doors if may(role, door.act)]


def test_an_auditor_reads_the_log_but_uploads_nothing_and_invites_nobody() -> None:
    shown = names(Role.AUDITOR)
    assert "audit" in shown
    assert "reports:upload" not in shown
    assert "people" not in shown


def test_one_entry_is_marked_and_the_overview_only_on_its_own_page() -> None:
    def active(path: str) -> list[str]:
        return [e.url_name for s in navigation(role=Role.ADMINISTRATOR, path=path) for e in s.entries if e.active]

    assert active("/") == ["overview"]
    assert active("/source-list/7/") == ["reports:source-list"]


def test_a_page_that_is_not_installed_is_left_out(settings: object) -> None:
    settings.ROOT_URLCONF = ()  # type: ignore[attr-defined]
    assert navigation(role=Role.ADMINISTRATOR, path="/") == ()


def test_every_door_leads_to_a_page_that_there_is(settings: object) -> None:
    settings.ROOT_URLCONF = "dmarcsite.urls"  # type: ignore[attr-defined]
    doors = [door.url_name for _, section in SECTIONS for door in section]
    addresses = [reverse(name) for name in doors]
    assert len(set(addresses)) == len(doors) == 13
