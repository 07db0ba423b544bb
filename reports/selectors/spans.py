"""Reports over several days: lists and sums count each on one day, charts spread it over the time that it covers.

Such reports are rare and an index knows them, so they are read row by row; everything else comes from the daily sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connections, router

from reports.models import AggregateReport, AggregateRow, Source
from reports.models.aggregate import is_long
from reports.selectors.scope import Scope

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MINUTE_SECONDS = 60
Volumes = Mapping[date, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class DailyVolumes:
    """Messages per UTC day and verdict: `counted` as the sums have them, `drawn` with long reports spread over their days.

    `spread` messages of `drawn` come from long reports. The sums of both differ where such a report begins before the
    span or ends after it.
    """

    counted: Volumes
    drawn: Volumes
    spread: int = 0


def spread_over_days(counted: Volumes, scope: Scope, *, source: Source | None = None) -> DailyVolumes:
    """The daily sums of the scope, or of one source in it, with long reports spread. At most two queries."""
    drawn = {day: dict(by_verdict) for day, by_verdict in counted.items()}
    spread = 0
    for (period, verdict), messages in _long_volumes(scope, source).items():
        if verdict in (counted_there := drawn.get(period.counted_on, {})):
            # Sums and rows are two queries: between them another worker may have stored a report.
            counted_there[verdict] = max(counted_there[verdict] - messages, 0)
        for day, part in parts(messages, begin=period.begin, end=period.end, since=scope.since, until=scope.until):
            by_verdict = drawn.setdefault(day, {})
            by_verdict[verdict] = by_verdict.get(verdict, 0) + part
            spread += part
    return DailyVolumes(counted=counted, drawn=drawn, spread=spread)


def parts(messages: int, *, begin: datetime, end: datetime, since: date, until: date) -> Iterator[tuple[date, int]]:
    """The share of each UTC day from `since` to `until`, by the seconds of it that lie between `begin` and `end`.

    Whole numbers within one of the exact share; those of all days that a report covers sum up to `messages`, and what
    rounding leaves is spread as well. Costs nothing for days outside, however long a period a stranger claims.
    """
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    length = (end - begin) // SECOND
    # Many reporters name the last second of the period, others the moment after it.
    length += length % MINUTE_SECONDS == MINUTE_SECONDS - 1
    day = max(since, begin.date())
    while day <= min(until, end.date()):
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        yield day, _by(midnight + DAY, messages, begin, length) - _by(midnight, messages, begin, length)
        day += DAY


def _by(moment: datetime, messages: int, begin: datetime, length: int) -> int:
    """How many of the messages are over by the moment, rounded up."""
    elapsed = min(max((moment - begin) // SECOND, 0), length)
    return -(-messages * elapsed // length)


# A join by the parts of the rows' key: planned as one, PostgreSQL would take long reports for common, and read all rows.
_ROWS = """
    SELECT r.report_id, r.verdict, sum(r.count)
    FROM unnest(%(domains)s::bigint[], %(days)s::date[], %(reports)s::bigint[]) AS f(domain_id, day, report_id)
    JOIN reports_aggregaterow r USING (domain_id, day, report_id)
    WHERE r.organisation_id = %(organisation)s AND r.day BETWEEN %(first)s AND %(last)s AND r.lens = %(lens)s
          AND (%(source)s::bigint IS NULL OR r.source_id = %(source)s)
    GROUP BY r.report_id, r.verdict
"""


class _Period(NamedTuple):
    begin: datetime
    end: datetime
    counted_on: date


def _long_volumes(scope: Scope, source: Source | None) -> Mapping[tuple[_Period, str], int]:
    """Messages of the long reports that touch the span, by period and verdict."""
    reports = _long_reports(scope)
    if not reports:
        return {}
    days = [report.day for report in reports]
    with connections[router.db_for_read(AggregateRow)].cursor() as cursor:
        cursor.execute(
            _ROWS,
            {
                "organisation": scope.viewer.organisation_id,
                "domains": [report.domain_id for report in reports],
                "days": days,
                "reports": [report.pk for report in reports],
                "first": min(days),
                "last": max(days),
                "lens": scope.lens,
                "source": source.pk if source else None,
            },
        )
        found = cursor.fetchall()
    periods = {report.pk: _Period(report.begin, report.end, report.day) for report in reports}
    volumes: dict[tuple[_Period, str], int] = defaultdict(int)
    for pk, verdict, messages in found:
        volumes[periods[pk], verdict] += int(messages)
    return volumes


def _long_reports(scope: Scope) -> list[AggregateReport]:
    counted = scope.visible(AggregateReport.objects.filter(is_long(), is_counted=True))
    return list(
        counted.filter(
            begin__lt=datetime.combine(scope.until + DAY, time(), tzinfo=UTC),
            end__gt=datetime.combine(scope.since, time(), tzinfo=UTC),
        ).only("domain_id", "day", "begin", "end")
    )
