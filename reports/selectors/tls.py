"""TLS reports (RFC 8460) by day, by kind of failure, by policy and by reporter. All figures are sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Sum

from reports.models import TlsEndpoint, TlsFailure, TlsPolicy, TlsReport
from reports.selectors.scope import Scope
from reports.viewer import Viewer

MOST_LISTED = 50
SIBLING_LIMIT = 20
GOOD = Sum("total_successful_session_count", default=0)
BAD = Sum("total_failure_session_count", default=0)


def tls_reports(viewer: Viewer) -> QuerySet[TlsReport]:
    """TLS reports that are about a domain of the viewer's, newest period first."""
    rows = TlsReport.objects.filter(organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        theirs = TlsPolicy.objects.filter(report=OuterRef("pk"), domain_id__in=viewer.domain_ids)
        rows = rows.filter(Q(domain_id__in=viewer.domain_ids) | Exists(theirs))
    return rows.select_related("domain", "message").order_by("-begin", "-pk")


def reports_within(scope: Scope) -> QuerySet[TlsReport]:
    """The reports of the span and the domain."""
    rows = tls_reports(scope.viewer).filter(day__range=(scope.since, scope.until))
    if scope.domain_id is not None:
        about = TlsPolicy.objects.filter(report=OuterRef("pk"), domain_id=scope.domain_id)
        rows = rows.filter(Q(domain_id=scope.domain_id) | Exists(about))
    return rows


def policies_of(report: TlsReport, *, viewer: Viewer) -> list[TlsPolicy]:
    """The report's policies of the viewer's domains with their failures, the worst failure first. Two queries."""
    failures = TlsFailure.objects.order_by("-failed_session_count", "pk")
    rows = TlsPolicy.objects.filter(report=report).select_related("domain").order_by("position")
    if viewer.domain_ids is not None:
        rows = rows.filter(domain_id__in=viewer.domain_ids)
    return list(rows.prefetch_related(Prefetch("failures", queryset=failures)))


def conflicting_tls(report: TlsReport, *, viewer: Viewer) -> list[TlsReport]:
    """Reports with the same reporter, id, period and domains, but other content; the oldest first."""
    same = tls_reports(viewer).filter(day=report.day, identity=report.identity).exclude(pk=report.pk)
    return list(same.order_by("pk")[:SIBLING_LIMIT])


def sessions_by_day(scope: Scope) -> Mapping[date, tuple[int, int]]:
    """Successful and failed sessions per UTC day. One query."""
    rows = _policies(scope).values("day").annotate(good=GOOD, bad=BAD).order_by("day")
    return {row["day"]: (row["good"], row["bad"]) for row in rows}


def sessions_by_domain(scope: Scope) -> list[dict[str, Any]]:
    """Per domain: sessions, reports and the last day; the most failed ones first."""
    rows = (
        _policies(scope)
        .values("domain_id", "domain__name")
        .annotate(good=GOOD, bad=BAD, reports=Count("report", distinct=True), last_day=Max("day"))
    )
    return [dict(row) for row in rows.order_by("-bad", "-good", "domain__name")[:MOST_LISTED]]


def failures_by_type(scope: Scope) -> list[dict[str, Any]]:
    """Failed sessions by result type, with how many reporters and receiving hosts there were; the most first."""
    rows = (
        TlsFailure.objects.filter(policy__in=_policies(scope))
        .values("result_type")
        .annotate(
            sessions=Sum("failed_session_count"),
            reporters=Count("policy__report__org_name", distinct=True),
            hosts=Count("receiving_mx_hostname", distinct=True, filter=~Q(receiving_mx_hostname="")),
            last_day=Max("policy__day"),
        )
    )
    return [dict(row) for row in rows.order_by("-sessions", "result_type")[:MOST_LISTED]]


def policies_seen(scope: Scope) -> list[dict[str, Any]]:
    """The policies that senders found, by domain and type."""
    rows = (
        _policies(scope)
        .values("domain__name", "policy_type", "policy_domain")
        .annotate(
            good=GOOD,
            bad=BAD,
            reporters=Count("report__org_name", distinct=True),
            last_day=Max("day"),
            latest=Max("pk"),
        )
    )
    found = list(rows.order_by("domain__name", "-last_day", "policy_type", "policy_domain")[:MOST_LISTED])
    texts = TlsPolicy.objects.in_bulk([row["latest"] for row in found])
    return [row | {"text": texts[row["latest"]].policy_string} for row in found]


def reporters_seen(scope: Scope) -> list[dict[str, Any]]:
    """Who reported, the most sessions first."""
    rows = (
        _policies(scope)
        .values(org_name=F("report__org_name"))
        .annotate(good=GOOD, bad=BAD, reports=Count("report", distinct=True), last_day=Max("day"))
    )
    return [dict(row) for row in rows.order_by("-good", "-bad", "org_name")[:MOST_LISTED]]


def endpoints_of(viewer: Viewer) -> QuerySet[TlsEndpoint]:
    """The addresses for reports over HTTPS, those in use first."""
    rows = TlsEndpoint.objects.filter(organisation_id=viewer.organisation_id).select_related("domain")
    if viewer.domain_ids is not None:
        rows = rows.filter(domain_id__in=viewer.domain_ids)
    return rows.order_by(F("revoked_at").desc(nulls_first=True), "domain__name", "pk")


def _policies(scope: Scope) -> QuerySet[TlsPolicy]:
    return scope.on_days(TlsPolicy.objects.all())
