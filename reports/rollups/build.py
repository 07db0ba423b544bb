"""Recomputes the daily sums of whole buckets from counted rows, events and pass counts; says in SQL what each sum is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction

from reports.models import Domain
from reports.rollups.buckets import Bucket, lock_buckets

_BUCKET = "bucket AS (SELECT * FROM unnest(%(domains)s::bigint[], %(days)s::date[]) AS b(domain_id, day))"

SEEN_IN_ROW = """r.domain_id, r.day, r.lens, r.source_id, r.header_from, r.verdict, p.org_name AS reporter,
           r.count AS messages, r.is_aligned, r.dkim = 'pass' AS by_dkim, r.spf = 'pass' AS by_spf, r.has_raw_pass,
           r.disposition = 'quarantine' AS is_quarantined, r.disposition = 'reject' AS is_rejected,
           false AS is_excepted"""
# Pass counts say that mail passed, not by which mechanism.
_SEEN = f"""seen AS (
    SELECT {SEEN_IN_ROW}
    FROM bucket
    JOIN reports_aggregaterow r ON r.domain_id = bucket.domain_id AND r.day = bucket.day
    JOIN reports_aggregatereport p ON p.id = r.report_id AND p.is_counted
    WHERE r.organisation_id = %(organisation)s AND r.day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT e.domain_id, e.day, 'here', e.source_id, e.header_from, e.classification, n.name,
           1, false, false, false, e.spf = 'pass' OR e.dkim @> '[{{"result": "pass"}}]',
           e.action IN ('add header', 'rewrite subject', 'quarantine'), e.action = 'reject', e.rule_reference <> ''
    FROM bucket
    JOIN reports_inboundevent e ON e.domain_id = bucket.domain_id AND e.day = bucket.day
    JOIN reports_node n ON n.id = e.node_id
    WHERE e.organisation_id = %(organisation)s
    UNION ALL
    SELECT c.domain_id, c.day, 'here', c.source_id, c.header_from, 'aligned', n.name,
           c.messages, true, false, false, true, false, false, false
    FROM bucket
    JOIN reports_passcount c ON c.domain_id = bucket.domain_id AND c.day = bucket.day
    JOIN reports_node n ON n.id = c.node_id
    WHERE c.organisation_id = %(organisation)s
)"""  # noqa: S608  (every part is a constant of this module)

SUMS = {
    "messages": "true",
    "aligned": "is_aligned",
    "dkim_aligned": "by_dkim",
    "spf_aligned": "by_spf",
    "unaligned": "NOT is_aligned AND has_raw_pass",
    "nothing": "NOT is_aligned AND NOT has_raw_pass",
    "quarantined": "is_quarantined",
    "rejected": "is_rejected",
    "excepted": "is_excepted",
}
SOURCE_KEYS = ("domain_id", "day", "lens", "source_id", "header_from", "verdict")
DOMAIN_KEYS = ("domain_id", "day", "lens", "verdict")
DOMAIN_SUMS = tuple(name for name in SUMS if name not in ("unaligned", "nothing"))


def total(expression: str) -> str:
    """A sum as bigint. Counts are what strangers send: a hostile one may not make its bucket fail for ever."""
    return f"LEAST(COALESCE({expression}, 0), 9223372036854775807)::bigint"


# Summed per reporter first, since DISTINCT in an aggregate would make PostgreSQL sort all rows by all keys.
BY_REPORTER = f"""by_reporter AS (
    SELECT {", ".join(SOURCE_KEYS)}, reporter,
           {", ".join(f"sum(messages) FILTER (WHERE {condition}) AS {name}" for name, condition in SUMS.items())}
    FROM seen GROUP BY {", ".join(SOURCE_KEYS)}, reporter
)"""  # noqa: S608
SOURCES_PARTS = f"{_BUCKET}, {_SEEN}, {BY_REPORTER}"
SOURCES_COLUMNS = ", ".join(("organisation_id", *SOURCE_KEYS, *SUMS, "reporters"))
SOURCES = f"""
    SELECT %(organisation)s::bigint AS organisation_id, {", ".join(SOURCE_KEYS)},
           {", ".join(f"{total(f'sum({name})')} AS {name}" for name in SUMS)},
           array_agg(reporter ORDER BY reporter COLLATE "C") AS reporters
    FROM by_reporter GROUP BY {", ".join(SOURCE_KEYS)}
"""  # noqa: S608
DOMAINS_PARTS = _BUCKET
DOMAINS_COLUMNS = ", ".join(("organisation_id", *DOMAIN_KEYS, *DOMAIN_SUMS))
DOMAINS = f"""
    SELECT %(organisation)s::bigint AS organisation_id, {", ".join(DOMAIN_KEYS)},
           {", ".join(f"{total(f'sum({name})')} AS {name}" for name in DOMAIN_SUMS)}
    FROM bucket JOIN reports_sourceday s USING (domain_id, day)
    WHERE s.organisation_id = %(organisation)s GROUP BY {", ".join(DOMAIN_KEYS)}
"""  # noqa: S608
_BUILD_SOURCES = f"WITH {SOURCES_PARTS} INSERT INTO reports_sourceday ({SOURCES_COLUMNS}) {SOURCES}"
_BUILD_DOMAINS = f"WITH {DOMAINS_PARTS} INSERT INTO reports_domainday ({DOMAINS_COLUMNS}) {DOMAINS}"
_CLEAR = tuple(
    f"WITH {_BUCKET} DELETE FROM {table} t USING bucket "  # noqa: S608
    "WHERE t.organisation_id = %(organisation)s AND t.domain_id = bucket.domain_id AND t.day = bucket.day"
    for table in ("reports_sourceday", "reports_domainday")
)


@transaction.atomic
def rebuild(buckets: Iterable[Bucket]) -> None:
    """Make the sums of these buckets say what their rows, events and pass counts say now. Takes their locks.

    Five statements per organisation, however many buckets; a bucket that is empty by now loses its sums. Days whose rows
    are gone (`Domain.rows_since`) keep the sums that they have.
    """
    wanted = set(buckets)
    lock_buckets(wanted)
    days_of: dict[int, list[tuple[int, date]]] = defaultdict(list)
    for bucket in sorted(wanted):
        days_of[bucket.organisation_id].append((bucket.domain_id, bucket.day))
    for organisation_id, pairs in days_of.items():
        since = rows_since({domain_id for domain_id, _ in pairs})
        if whole := [(domain_id, day) for domain_id, day in pairs if day >= since.get(domain_id, date.min)]:
            _rebuild(parameters(organisation_id, whole))


def parameters(organisation_id: int, pairs: Sequence[tuple[int, date]]) -> dict[str, Any]:
    """What the statements of this module ask for; `pairs` are (domain id, day), at least one."""
    days = [day for _, day in pairs]
    return {
        "organisation": organisation_id,
        "domains": [domain_id for domain_id, _ in pairs],
        "days": days,
        # So that PostgreSQL plans for their months only.
        "first": min(days),
        "last": max(days),
    }


def rows_since(domain_ids: set[int]) -> dict[int, date]:
    """The day before which rows are gone, for the domains that have lost any."""
    found = Domain.objects.filter(pk__in=domain_ids, rows_since__isnull=False)
    return {pk: since for pk, since in found.values_list("pk", "rows_since") if since}


def _rebuild(params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in (*_CLEAR, _BUILD_SOURCES, _BUILD_DOMAINS):
            cursor.execute(statement, params)
