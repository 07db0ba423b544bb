"""Compares the daily sums with what they are made of, month by month of each domain, and mends them where that is wished."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from reports.models import Domain, RollupCheck
from reports.rollups import sums
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild


@dataclass(frozen=True, slots=True)
class Compared:
    """A bucket with its messages as the source sums say and as they should be; `agrees` speaks for every sum of it."""

    bucket: Bucket
    stored: int
    right: int
    agrees: bool


def check_rollups(*, at: datetime, repair: bool, told: list[Compared] | None = None) -> RollupCheck:
    """Compare every bucket whose rows are still whole, mend those that differ if `repair`, and keep the figures.

    One month of one domain at a time, so memory is bounded. A single statement compares, so it sees each transaction
    whole or not at all, however much is stored meanwhile. `told` receives what differs.
    """
    start = time.monotonic()
    buckets = differing = repaired = 0
    for domain in Domain.objects.order_by("organisation_id", "pk").iterator():
        for month in _months(domain):
            compared = _compare(domain, month)
            wrong = [each for each in compared if not each.agrees]
            buckets += len(compared)
            differing += len(wrong)
            if told is not None:
                told.extend(wrong)
            if repair and wrong:
                rebuild(each.bucket for each in wrong)
                repaired += len(wrong)
    took = timedelta(seconds=time.monotonic() - start)
    return RollupCheck.objects.create(
        checked_at=at, buckets=buckets, differing=differing, repaired=repaired, duration=took
    )


_TABLES = ("aggregatereport", "inboundevent", "passcount", "sourceday", "domainday")
_MONTHS = " UNION ".join(
    f"SELECT date_trunc('month', day)::date FROM reports_{table} "  # noqa: S608
    "WHERE organisation_id = %(organisation)s AND domain_id = %(domain)s"
    for table in _TABLES
)


def _months(domain: Domain) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, {"organisation": domain.organisation_id, "domain": domain.pk})
        return sorted(month for (month,) in cursor.fetchall())


def _comparison(parts: str, fresh: str, table: str, columns: str) -> str:
    """Per day: the messages stored, the messages that should be, whether all sums agree; days without any are left out."""
    return f"""
        WITH {parts}, fresh AS ({fresh}), stored AS (
            SELECT {columns} FROM {table} JOIN bucket USING (domain_id, day) WHERE organisation_id = %(organisation)s
        ), differing AS (
            (SELECT {columns} FROM fresh EXCEPT SELECT {columns} FROM stored)
            UNION ALL (SELECT {columns} FROM stored EXCEPT SELECT {columns} FROM fresh)
        ), is_right AS (SELECT day, sum(messages) AS messages FROM fresh GROUP BY day),
        found AS (SELECT day, sum(messages) AS messages FROM stored GROUP BY day)
        SELECT day, COALESCE(found.messages, 0), COALESCE(is_right.messages, 0),
               NOT EXISTS (SELECT FROM differing d WHERE d.day = bucket.day)
        FROM bucket LEFT JOIN found USING (day) LEFT JOIN is_right USING (day)
        WHERE found.day IS NOT NULL OR is_right.day IS NOT NULL
    """  # noqa: S608  (every part is a constant of reports.rollups)


_COMPARISONS = (
    _comparison(sums.SOURCES_PARTS, sums.SOURCES, "reports_sourceday", sums.SOURCES_COLUMNS),
    _comparison(sums.DOMAINS_PARTS, sums.DOMAINS, "reports_domainday", sums.DOMAINS_COLUMNS),
)


def _compare(domain: Domain, month: date) -> list[Compared]:
    days = [day for day in _days(month) if day >= (domain.rows_since or date.min)]
    if not days:
        return []
    params = sums.parameters(domain.organisation_id, [(domain.pk, day) for day in days])
    found: dict[date, tuple[Any, Any, bool]] = {}
    with connection.cursor() as cursor:
        for comparison in _COMPARISONS:
            cursor.execute(comparison, params)
            for day, stored, right, agrees in cursor.fetchall():
                before = found.get(day)
                found[day] = (before[0], before[1], before[2] and agrees) if before else (stored, right, agrees)
    return [
        Compared(Bucket(domain.organisation_id, domain.pk, day), int(stored), int(right), agrees)
        for day, (stored, right, agrees) in sorted(found.items())
    ]


def _days(month: date) -> Iterator[date]:
    day = month
    while day.month == month.month:
        yield day
        day += timedelta(days=1)
