"""The rows that sums are made of: those of reports that count. What a newer report has replaced is shown, never added."""

from __future__ import annotations

from django.db.models import QuerySet

from reports.models import AggregateReport, AggregateRow


def counted_rows(organisation_id: int) -> QuerySet[AggregateRow]:
    """The organisation's rows without those of reports that do not count: few, so they are left out by their list."""
    left_out = AggregateReport.objects.filter(organisation_id=organisation_id, is_counted=False).values("pk")
    return AggregateRow.objects.filter(organisation_id=organisation_id).exclude(report_id__in=left_out)
