"""Aggregate and failure reports as lists and one by one. Everything passes through the viewer's domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import BooleanField, ExpressionWrapper, F, Model, QuerySet, Sum

from reports.models import AggregateReport, AggregateRow, Domain, FailureReport
from reports.models.aggregate import is_long
from reports.viewer import Viewer

M = TypeVar("M", bound=Model)

SIBLING_LIMIT = 20


def aggregate_reports(viewer: Viewer) -> QuerySet[AggregateReport]:
    """Aggregate reports, newest period first; `is_long` where the period is longer than a day can be."""
    rows = _visible(AggregateReport.objects.all(), viewer).select_related("domain", "message", "proven_by")
    return rows.annotate(is_long=ExpressionWrapper(is_long(), output_field=BooleanField())).order_by("-begin", "-pk")


@dataclass(frozen=True)
class ReportList:
    """The reports of `whole`, cut like a QuerySet: which ones by what orders them alone, then all about these.

    In one query PostgreSQL would read all of every report before it sorts them; the most failing ones an index knows.
    """

    whole: QuerySet[AggregateReport]

    model = AggregateReport

    def count(self) -> int:
        return self.whole.count()

    def order_by(self, *order: str) -> ReportList:
        return ReportList(self.whole.order_by(*order))

    def __getitem__(self, place: slice) -> list[AggregateReport]:
        ids = list(self.whole.values_list("pk", flat=True)[place])
        found = {report.pk: report for report in self.whole.order_by().filter(pk__in=ids)}
        return [found[pk] for pk in ids if pk in found]


def report_rows(report: AggregateReport, *, failing_only: bool) -> QuerySet[AggregateRow]:
    """A report's rows, failing ones first, then by messages."""
    rows = _rows_of(report)
    if failing_only:
        rows = rows.filter(is_aligned=False)
    return rows.order_by("is_aligned", F("count").desc(), "position")


def report_verdicts(report: AggregateReport) -> dict[str, int]:
    """Messages of the report per verdict. One query."""
    rows = _rows_of(report)
    return dict(rows.values_list("verdict").annotate(total=Sum("count")).order_by("verdict"))


def _rows_of(report: AggregateReport) -> QuerySet[AggregateRow]:
    """By the whole beginning of the primary key: one month, one place in its index."""
    whole = {"organisation_id": report.organisation_id, "domain_id": report.domain_id, "day": report.day}
    return AggregateRow.objects.filter(**whole, report=report)


def conflicting_reports(report: AggregateReport, *, viewer: Viewer) -> list[AggregateReport]:
    """Reports with the same reporter, id and period, but other rows, that count too; the oldest first."""
    same = aggregate_reports(viewer).filter(day=report.day, identity=report.identity, is_counted=True)
    return list(same.exclude(pk=report.pk).order_by("pk")[:SIBLING_LIMIT])


def superseded_reports(report: AggregateReport, *, viewer: Viewer) -> list[AggregateReport]:
    """The reports that this one stands in the place of; the oldest first."""
    return list(aggregate_reports(viewer).filter(superseded_by=report).order_by("pk")[:SIBLING_LIMIT])


def failure_reports(viewer: Viewer) -> QuerySet[FailureReport]:
    """Failure reports, newest first; samples and details are not loaded."""
    rows = _visible(FailureReport.objects.all(), viewer).select_related("domain", "message").defer("sample")
    return rows.order_by("-arrived_at", "-pk")


def domains(viewer: Viewer) -> QuerySet[Domain]:
    """The domains that the viewer may see, by name."""
    rows = Domain.objects.filter(organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        rows = rows.filter(pk__in=viewer.domain_ids)
    return rows.order_by("name", "pk")


def _visible(rows: QuerySet[M], viewer: Viewer) -> QuerySet[M]:
    rows = rows.filter(organisation_id=viewer.organisation_id)
    return rows if viewer.domain_ids is None else rows.filter(domain_id__in=viewer.domain_ids)
