"""Owns which doors the left side shows to whom. Hiding an entry protects nothing: every view checks for itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.permissions import Act, may
from reports.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Door:
    """One place that can be entered from everywhere, by those whose role allows `act`."""

    url_name: str
    label: str | Promise
    icon: str
    act: Act


@dataclass(frozen=True, slots=True)
class NavEntry:
    """What the template shows: a link, and whether the page being read lies behind it."""

    url_name: str
    url: str
    label: str | Promise
    icon: str
    active: bool


@dataclass(frozen=True, slots=True)
class NavSection:
    """A group of entries under one small heading."""

    label: str | Promise
    entries: tuple[NavEntry, ...]


SECTIONS: tuple[tuple[str | Promise, tuple[Door, ...]], ...] = (
    (
        pgettext_lazy("navigation", "See"),
        (
            Door("overview", _("Overview"), "grid-1x2", Act.SEE_REPORTS),
            Door("reports:source-list", _("Sources"), "signpost-split", Act.SEE_REPORTS),
            Door("reports:report-list", _("Reports"), "file-earmark-text", Act.SEE_REPORTS),
            Door("reports:failure-list", _("Failure reports"), "envelope-exclamation", Act.SEE_REPORTS),
            Door("reports:tls-list", _("TLS reports"), "lock", Act.SEE_REPORTS),
        ),
    ),
    (
        pgettext_lazy("navigation", "Decide"),
        (
            Door("exceptions:rule-list", _("Exceptions"), "door-open", Act.SEE_RULES),
            Door("exceptions:enforcement", _("Enforcement"), "shield-check", Act.SEE_ENFORCEMENT),
        ),
    ),
    (
        pgettext_lazy("navigation", "Operate"),
        (
            Door("exceptions:node-list", _("Filter nodes"), "hdd-network", Act.SEE_ENFORCEMENT),
            Door("reports:ingestion", _("Ingestion"), "inboxes", Act.SEE_REPORTS),
            Door("reports:upload", _("Upload"), "upload", Act.UPLOAD),
        ),
    ),
    (
        pgettext_lazy("navigation", "Govern"),
        (
            Door("domains", _("Domains"), "globe2", Act.SEE_REPORTS),
            Door("people", _("People"), "people", Act.MANAGE_PEOPLE),
            Door("audit", _("Audit"), "journal-check", Act.SEE_AUDIT),
        ),
    ),
)


def navigation(*, role: Role | str, path: str) -> tuple[NavSection, ...]:
    """The sections and entries that somebody in `role` sees while reading `path`. A page that is not installed is left out."""
    sections = []
    for label, doors in SECTIONS:
        entries = tuple(entry for door in doors if may(role, door.act) and (entry := _entry(door, path=path)))
        if entries:
            sections.append(NavSection(label, entries))
    return tuple(sections)


def _entry(door: Door, *, path: str) -> NavEntry | None:
    try:
        url = reverse(door.url_name)
    except NoReverseMatch:
        return None
    active = path == url if url == "/" else path.startswith(url)
    return NavEntry(url_name=door.url_name, url=url, label=door.label, icon=door.icon, active=active)
