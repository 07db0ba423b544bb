"""What came in, day by day: mails by how they ended, and the rows of aggregate reports that they brought."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Count, Min, Sum
from django.db.models.functions import TruncDate

from reports.models import AggregateReport, Message
from reports.selectors.jobs import rereads
from reports.selectors.memory import kept
from reports.selectors.report_list import aggregate_reports
from reports.viewer import Viewer


def outcomes_by_day(viewer: Viewer, *, since: date) -> list[dict[str, Any]]:
    """Messages per UTC day of arrival and outcome. One query, on an index that holds both."""
    rows = Message.objects.filter(organisation_id=viewer.organisation_id, received_at__gte=_midnight(since))
    by_day = rows.annotate(on=TruncDate("received_at")).values("on", "outcome").annotate(total=Count("*"))
    return list(by_day.order_by("on", "outcome"))


def rows_by_day(viewer: Viewer, *, since: date, today: date, outcomes: list[dict[str, Any]]) -> dict[date, int]:
    """Rows of aggregate reports per UTC day on which they came in. `outcomes` are those of `outcomes_by_day`.

    The days before `today` are added up once for each state of them: how their mails ended, which mails were read again, and
    which reports were let go. Four small queries where they are known.
    """
    ended = [(each["on"], each["outcome"], each["total"]) for each in outcomes if each["on"] < today]
    again = list(rereads(viewer).values_list("pk", "done", "state")[:1])
    reports = AggregateReport.objects.filter(organisation_id=viewer.organisation_id)
    oldest = list(reports.order_by("begin", "pk").values_list("pk", flat=True)[:1])
    domains = None if viewer.domain_ids is None else sorted(viewer.domain_ids)
    state = (viewer.organisation_id, domains, since, ended, again, oldest)
    before = kept("rows by day", state, lambda: _rows(viewer, since=since, until=today))
    return {date.fromisoformat(day): rows for day, rows in [*before, *_rows(viewer, since=today)]}


def _rows(viewer: Viewer, *, since: date, until: date | None = None) -> list[tuple[str, int]]:
    """By the arrival of their mails; with `until`, which is not included, of many days."""
    rows = aggregate_reports(viewer).order_by()
    arrived: dict[str, Any] = {
        "message__organisation_id": viewer.organisation_id,
        "message__received_at__gte": _midnight(since),
    }
    if until is not None:
        arrived |= {"message__received_at__lt": _midnight(until), "message_id__gte": _first(viewer, since=since)}
    by_day = rows.filter(**arrived).values(on=TruncDate("message__received_at")).annotate(sum=Sum("rows"))
    return [(on.isoformat(), total) for on, total in by_day.values_list("on", "sum")]


def _first(viewer: Viewer, *, since: date) -> int:
    """Ids grow as mails arrive: so the reports of these mails are found without looking at all there are."""
    arrived = Message.objects.filter(organisation_id=viewer.organisation_id, received_at__gte=_midnight(since))
    # With the number of mails, for the smallest id alone PostgreSQL would look for from the first of all mails on.
    return int(arrived.aggregate(first=Min("pk"), mails=Count("*"))["first"] or 0)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
