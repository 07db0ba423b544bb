"""From the address bar to a Scope. Nonsense in it never fails: each part falls back to its default by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest

from reports.models import Domain
from reports.selectors.report_list import domains
from reports.selectors.scope import Scope
from reports.viewer import Viewer
from reports.vocabulary import DomainKind, Lens

RANGES = (7, 30, 90, 365)
DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True)
class PageScope:
    """What templates/_scope.html shows, and the Scope that selectors take."""

    lens: Lens
    domain: str
    domains: tuple[str, ...]
    days: int
    ranges: tuple[int, ...]
    scope: Scope


def page_scope(request: HttpRequest, *, viewer: Viewer, today: date) -> PageScope:
    """The scope that `lens`, `domain` and `days` of the query string ask for. One query."""
    own = {domain.name: domain for domain in domains(viewer) if domain.kind != DomainKind.FOREIGN}
    lens = Lens(_one_of(request, "lens", [each.value for each in Lens], Lens.ELSEWHERE))
    days = int(_one_of(request, "days", [str(each) for each in RANGES], str(DEFAULT_DAYS)))
    chosen: Domain | None = own.get(request.GET.get("domain", ""))
    scope = Scope(
        viewer=viewer,
        lens=lens,
        since=today - timedelta(days=days - 1),
        until=today,
        domain_id=chosen.pk if chosen else None,
    )
    return PageScope(
        lens=lens,
        domain=chosen.name if chosen else "",
        domains=tuple(own),
        days=days,
        ranges=RANGES,
        scope=scope,
    )


def _one_of(request: HttpRequest, name: str, allowed: list[str], default: str) -> str:
    value = request.GET.get(name, default)
    return value if value in allowed else default
