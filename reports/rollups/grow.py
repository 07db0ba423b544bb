"""Adds reports that were stored just now to the daily sums, at the cost of their own rows, however much the days hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from reports.rollups.build import rows_since
from reports.rollups.sums import (
    BY_REPORTER,
    DOMAIN_KEYS,
    DOMAIN_SUMS,
    DOMAINS_COLUMNS,
    LARGEST,
    REPORTERS_KEPT,
    SEEN_IN_ROW,
    SOURCE_KEYS,
    SOURCES,
    SOURCES_COLUMNS,
    SUMS,
    total,
)


class Grown(NamedTuple):
    """A report whose rows no sum holds yet, who sent it, and the bucket that its rows belong to."""

    domain_id: int
    day: date
    report_id: int
    org_name: str


def _added(names: Iterable[str]) -> str:
    """Assignments that add and stop at the largest bigint, as `total` does."""
    return ", ".join(f"{name} = kept.{name} + LEAST(EXCLUDED.{name}, {LARGEST} - kept.{name})" for name in names)


_ALL_REPORTERS = f"""CASE WHEN kept.reporters @> EXCLUDED.reporters THEN kept.reporters ELSE (
        SELECT (array_agg(DISTINCT each COLLATE "C" ORDER BY each COLLATE "C"))[:{REPORTERS_KEPT}]
        FROM unnest(kept.reporters || EXCLUDED.reporters) AS each
    ) END"""  # noqa: S608
# OFFSET 0 has the rows of each report found by their key: of what came just now PostgreSQL has no statistics, and would rather
# read all rows of these days.
_ADD = f"""
    WITH p AS (
        SELECT * FROM unnest(%(domains)s::bigint[], %(days)s::date[], %(reports)s::bigint[], %(names)s::text[])
            AS p(domain_id, day, report_id, org_name)
    ), seen AS (
        SELECT {SEEN_IN_ROW}
        FROM p CROSS JOIN LATERAL (
            SELECT * FROM reports_aggregaterow r
            WHERE r.organisation_id = %(organisation)s AND r.domain_id = p.domain_id AND r.day = p.day
              AND r.report_id = p.report_id
            OFFSET 0
        ) r
    ), {BY_REPORTER}, more AS ({SOURCES}), of_sources AS (
        INSERT INTO reports_sourceday AS kept ({SOURCES_COLUMNS}) SELECT {SOURCES_COLUMNS} FROM more
        ON CONFLICT (organisation_id, {", ".join(SOURCE_KEYS)}) DO UPDATE
        SET {_added(SUMS)}, reporters = {_ALL_REPORTERS}
    )
    INSERT INTO reports_domainday AS kept ({DOMAINS_COLUMNS})
    SELECT organisation_id, {", ".join(DOMAIN_KEYS)}, {", ".join(f"{total(f'sum({name})')}" for name in DOMAIN_SUMS)}
    FROM more GROUP BY organisation_id, {", ".join(DOMAIN_KEYS)}
    ON CONFLICT (organisation_id, {", ".join(DOMAIN_KEYS)}) DO UPDATE SET {_added(DOMAIN_SUMS)}
"""  # noqa: S608  (every part is a constant of reports.rollups)


def add_reports(grown: Collection[Grown], *, organisation_id: int) -> None:
    """Add these reports to the sums of their buckets, which the caller holds in the transaction that stored them.

    Each of them counts, and is added once: what changes which reports count, or takes rows away, has the bucket
    recomputed instead (reports.rollups.build), from which an added sum differs in nothing. Two statements. Days whose rows
    are gone keep the sums that they have.
    """
    since = rows_since({each.domain_id for each in grown})
    whole = [each for each in grown if each.day >= since.get(each.domain_id, date.min)]
    if not whole:
        return
    columns = zip(("domains", "days", "reports", "names"), zip(*whole, strict=True), strict=True)
    params: dict[str, Any] = {name: list(values) for name, values in columns} | {"organisation": organisation_id}
    with connection.cursor() as cursor:
        cursor.execute(_ADD, params)
