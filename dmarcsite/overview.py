"""The Overview: is the data fresh, are we all right, what must be decided. One lens at a time, each figure with its whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import chain, zip_longest
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from exceptions.selectors.agenda import Agenda, agenda
from reports.access import allowed_to, viewer_of
from reports.charts import verdict_chart
from reports.filters import page_scope
from reports.permissions import Act, may
from reports.selectors import overview as figures
from reports.selectors.failing_sources import NEEDS_DECISION
from reports.selectors.memory import Memory
from reports.selectors.ranking import Ranking
from reports.selectors.sketches import sketches
from reports.selectors.spans import spread_over_days
from reports.viewer import Viewer
from reports.vocabulary import SourceVerdict

QUEUE_LENGTH = 7
QUEUE_FIXABLE = 3
TOP_SOURCES = 10
TOP_DOMAINS = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the decision queue: what kind, about what, how much, and where to decide it."""

    kind: str
    subject: str
    detail: str
    messages: int | None
    waiting_since: datetime | None
    url: str


@require_safe
@allowed_to(Act.SEE_REPORTS)
def overview(request: HttpRequest) -> HttpResponse:
    """The page that answers: are we OK, what changed, what must I decide, is the data fresh, which rule ends next."""
    viewer, now = viewer_of(request), timezone.now()
    page = page_scope(request, viewer=viewer, today=now.date())
    plans = agenda(viewer, at=now)
    memory = Memory(page.scope, now)
    top, fixable, undecided = _top_sources(memory)
    state = figures.freshness(page.scope)
    volumes = spread_over_days(_daily_volumes(memory), page.scope)
    context: dict[str, Any] = {
        "scope": page,
        "fresh": state,
        "freshness": state.data_until,
        "volumes": figures.Volumes(**memory.of("volumes", lambda: asdict(figures.volumes(page.scope)))),
        "queue": _queue(viewer, plans, fixable, top),
        "agenda": plans,
        "top": top,
        "domains": memory.of("at risk", lambda: figures.domains_at_risk(page.scope, limit=TOP_DOMAINS)),
        "chart": verdict_chart("days", volumes, days=page.scope.days),
        "undecided": undecided,
    }
    return render(request, "overview.html", context)


def _daily_volumes(memory: Memory) -> dict[date, dict[str, int]]:
    def found() -> dict[str, dict[str, int]]:
        return {day.isoformat(): verdicts for day, verdicts in figures.daily_volumes(memory.scope).items()}

    return {date.fromisoformat(day): verdicts for day, verdicts in memory.of("daily volumes", found).items()}


def _top_sources(memory: Memory) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """The undecided sources with the most failing messages, those with the most that can be mended, and how many wait."""
    ranking = Ranking(memory, tab=NEEDS_DECISION, total=TOP_SOURCES)
    top, fixable, number = ranking.leading(TOP_SOURCES, verdict=SourceVerdict.FIXABLE, of_verdict=QUEUE_FIXABLE)
    drawn = sketches(memory, source_ids={row["source_id"] for row in (*top, *fixable)})
    for row in (*top, *fixable):
        row["sketch"] = drawn[row["source_id"]]
    return top, fixable, number


def _queue(viewer: Viewer, plans: Agenda, fixable: list[dict[str, Any]], top: list[dict[str, Any]]) -> list[Decision]:
    """Approvals that this person may give first, then sources by failing messages, every other one of them fixable.

    A wave of forgeries comes from many addresses: it must not hide the services that somebody can mend or except.
    """
    known = {row["source_id"] for row in fixable}
    others = [row for row in top if row["source_id"] not in known]
    approvals = [
        Decision(
            kind="approve",
            subject=version.rule.reference,
            detail=version.header_from,
            messages=None,
            waiting_since=version.rule.proposed_at,
            url=reverse("exceptions:rule-detail", args=[version.rule_id]),
        )
        for version in plans.waiting
        if may(viewer.role, Act.DECIDE_RULE)
    ]
    failing = [
        Decision(
            kind=row["sketch"].verdict,
            subject=row["address"],
            detail=", ".join(row["from_domains"][:3]),
            messages=row["failing"],
            waiting_since=None,
            url=reverse("reports:source-detail", args=[row["source_id"]]),
        )
        for row in chain.from_iterable(zip_longest(fixable, others))
        if row
    ]
    return (approvals + failing)[:QUEUE_LENGTH]
