"""The rules as a list, and one rule with everything that helps to decide about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from exceptions.access import rule_for
from exceptions.errors import RuleError
from exceptions.filters import RuleFilter
from exceptions.models import ExceptionRule
from exceptions.selectors import rule_list as listing
from exceptions.selectors.nodes import running_nodes
from exceptions.selectors.people import deciders
from exceptions.selectors.versions import history
from exceptions.sentences.refusals import refusal, status_of
from exceptions.sentences.steps import NEXT, stations
from exceptions.tables import RuleTable
from exceptions.views.openings import openings
from exceptions.vocabulary import RuleState
from reports.access import allowed_to, viewer_of
from reports.audit.trail import entries_about
from reports.permissions import Act
from reports.selectors import rule_hits
from reports.viewer import Viewer

PER_PAGE = 25
HIT_DAYS = 30
CHIPS = ("all", "waiting", "expiring", "unused")


@require_safe
@allowed_to(Act.SEE_RULES)
def rule_list(request: HttpRequest) -> HttpResponse:
    """What is open, what ends soon, what waits for this person, what nobody uses."""
    viewer, now = viewer_of(request), timezone.now()
    chip = request.GET.get("show", "")
    chip = chip if chip in CHIPS else CHIPS[0]
    rules = RuleFilter(request.GET, queryset=_of_chip(chip, viewer, now))
    table = RuleTable(rules.qs)
    RequestConfig(request, paginate=False).configure(table)
    # How many rows a page has is ours to say: django-tables2 would take any number from the address bar.
    table.paginate(per_page=PER_PAGE)
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    versions = [row.record for row in table.paginated_rows]
    table.hits = rule_hits.hits(
        organisation_id=viewer.organisation_id,
        references=[version.rule.reference for version in versions],
        since=now - timedelta(days=HIT_DAYS),
    )
    table.nodes, table.nodes_total = running_nodes(versions, viewer)
    counts = listing.chip_counts(viewer, at=now)
    context = {
        "chip": chip,
        "chips": list(zip(CHIPS, (counts.everything, counts.waiting, counts.expiring, counts.unused), strict=True)),
        "filter": rules,
        "is_empty": not counts.everything,
        "table": table,
    }
    return render(request, "exceptions/rule_list.html", context)


@require_safe
@allowed_to(Act.SEE_RULES)
def rule_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One rule: what it says, what it lets in, how it came about, and what this person may do with it."""
    viewer = viewer_of(request)
    return render(request, "exceptions/rule_detail.html", rule_context(rule_for(viewer, pk), viewer=viewer))


def refused(request: HttpRequest, rule: ExceptionRule, error: RuleError) -> HttpResponse:
    """The rule as it stands now, under the sentence that says why nothing happened."""
    viewer = viewer_of(request)
    rule.refresh_from_db()
    context = {**rule_context(rule, viewer=viewer), "refusal": refusal(error)}
    return render(request, "exceptions/rule_detail.html", context, status=status_of(error))


def rule_context(rule: ExceptionRule, *, viewer: Viewer) -> dict[str, Any]:
    """What the page of a rule shows; about a dozen queries, however long its history."""
    now = timezone.now()
    version = listing.current_rules(viewer, at=now).get(rule_id=rule.pk)
    steps = history(rule)
    approver = next((each.approver_name for each in steps[0].approvals), "")
    state: str = version.shown_state  # type: ignore[attr-defined]  # annotated by current_rules
    hits = _hits(rule, now=now)
    running, nodes_total = running_nodes([version], viewer)
    return {
        "rule": rule,
        "version": version,
        "state": state,
        "next": NEXT[state],
        "stations": stations(rule, version, state=state, approver=approver),
        "history": steps,
        "entries": entries_about(rule),
        "openings": openings(rule, version, viewer=viewer),
        "deciders": deciders(rule, version=version) if rule.state == RuleState.PROPOSED else [],
        "running": running[rule.pk],
        "nodes_total": nodes_total,
        **hits,
    }


def _hits(rule: ExceptionRule, *, now: datetime) -> dict[str, Any]:
    organisation_id, reference = rule.organisation_id, rule.reference
    since = now - timedelta(days=HIT_DAYS)
    found = rule_hits.hits(organisation_id=organisation_id, references=[reference], since=since)
    days = [now.date() - timedelta(days=ago) for ago in range(HIT_DAYS - 1, -1, -1)]
    by_day = rule_hits.hits_by_day(organisation_id=organisation_id, reference=reference, since=days[0])
    return {
        "hits": found.get(reference, rule_hits.Hits()),
        "hits_by_day": [by_day.get(day, 0) for day in days],
        "hits_by_node": rule_hits.hits_by_node(organisation_id=organisation_id, reference=reference, since=since),
        "recent_hits": rule_hits.recent_hits(organisation_id=organisation_id, reference=reference),
    }


def _of_chip(chip: str, viewer: Viewer, now: datetime) -> Any:  # noqa: ANN401 - a query set with an annotation
    rules = listing.current_rules(viewer, at=now)
    if chip == "waiting":
        return listing.waiting_for(rules, viewer)
    if chip == "expiring":
        return listing.expiring(rules, at=now)
    if chip == "unused":
        return listing.unused(rules, viewer, at=now)
    return rules
