"""Recomputes the daily sums of whole buckets from counted rows, events and pass counts. Never adds to a sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction

from reports.rollups.buckets import Bucket, lock_buckets

_BUCKET = "bucket AS (SELECT * FROM unnest(%(domains)s::bigint[], %(days)s::date[]) AS b(domain_id, day))"

# Pass counts say that mail passed, not by which mechanism.
_SEEN = """seen AS (
    SELECT r.domain_id, r.day, r.lens, r.source_id, r.header_from, r.verdict, p.org_name AS reporter,
           r.count AS messages, r.is_aligned, r.dkim = 'pass' AS by_dkim, r.spf = 'pass' AS by_spf, r.has_raw_pass,
           r.disposition = 'quarantine' AS is_quarantined, r.disposition = 'reject' AS is_rejected,
           false AS is_excepted
    FROM bucket
    JOIN reports_aggregaterow r ON r.domain_id = bucket.domain_id AND r.day = bucket.day
    JOIN reports_aggregatereport p ON p.id = r.report_id AND p.is_counted
    WHERE r.organisation_id = %(organisation)s AND r.day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT e.domain_id, e.day, 'here', e.source_id, e.header_from, e.classification, n.name,
           1, false, false, false, e.spf = 'pass' OR e.dkim @> '[{"result": "pass"}]',
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
)"""

_SUMS = {
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
_SOURCE_KEYS = ("domain_id", "day", "lens", "source_id", "header_from", "verdict")
_DOMAIN_KEYS = ("domain_id", "day", "lens", "verdict")
_DOMAIN_SUMS = tuple(name for name in _SUMS if name not in ("unaligned", "nothing"))


def _total(expression: str) -> str:
    """A sum as bigint. Counts are what strangers send: a hostile one may not make its bucket fail for ever."""
    return f"LEAST(COALESCE({expression}, 0), 9223372036854775807)::bigint"


# Summed per reporter first, since DISTINCT in an aggregate would make PostgreSQL sort all rows by all keys.
_BUILD_SOURCES = f"""
    WITH {_BUCKET}, {_SEEN}, by_reporter AS (
        SELECT {", ".join(_SOURCE_KEYS)}, reporter,
               {", ".join(f"sum(messages) FILTER (WHERE {condition}) AS {name}" for name, condition in _SUMS.items())}
        FROM seen GROUP BY {", ".join(_SOURCE_KEYS)}, reporter
    )
    INSERT INTO reports_sourceday (organisation_id, {", ".join(_SOURCE_KEYS)}, {", ".join(_SUMS)}, reporters)
    SELECT %(organisation)s, {", ".join(_SOURCE_KEYS)}, {", ".join(_total(f"sum({name})") for name in _SUMS)},
           array_agg(reporter ORDER BY reporter COLLATE "C")
    FROM by_reporter GROUP BY {", ".join(_SOURCE_KEYS)}
"""  # noqa: S608  (every part is a constant of this module)
_BUILD_DOMAINS = f"""
    WITH {_BUCKET}
    INSERT INTO reports_domainday (organisation_id, {", ".join(_DOMAIN_KEYS)}, {", ".join(_DOMAIN_SUMS)})
    SELECT %(organisation)s, {", ".join(_DOMAIN_KEYS)}, {", ".join(_total(f"sum({name})") for name in _DOMAIN_SUMS)}
    FROM bucket JOIN reports_sourceday s USING (domain_id, day)
    WHERE s.organisation_id = %(organisation)s GROUP BY {", ".join(_DOMAIN_KEYS)}
"""  # noqa: S608
_CLEAR = tuple(
    f"WITH {_BUCKET} DELETE FROM {table} t USING bucket "  # noqa: S608
    "WHERE t.organisation_id = %(organisation)s AND t.domain_id = bucket.domain_id AND t.day = bucket.day"
    for table in ("reports_sourceday", "reports_domainday")
)


@transaction.atomic
def rebuild(buckets: Iterable[Bucket]) -> None:
    """Make the sums of these buckets say what their rows, events and pass counts say now. Takes their locks.

    Four statements per organisation, however many buckets; a bucket that is empty by now loses its sums.
    """
    wanted = set(buckets)
    lock_buckets(wanted)
    days_of: dict[int, list[tuple[int, date]]] = defaultdict(list)
    for bucket in sorted(wanted):
        days_of[bucket.organisation_id].append((bucket.domain_id, bucket.day))
    for organisation_id, pairs in days_of.items():
        _rebuild(organisation_id, pairs)


def _rebuild(organisation_id: int, pairs: Sequence[tuple[int, date]]) -> None:
    params: dict[str, Any] = {
        "organisation": organisation_id,
        "domains": [domain_id for domain_id, _ in pairs],
        "days": [day for _, day in pairs],
        # So that PostgreSQL plans for their months only.
        "first": min(day for _, day in pairs),
        "last": max(day for _, day in pairs),
    }
    with connection.cursor() as cursor:
        for statement in (*_CLEAR, _BUILD_SOURCES, _BUILD_DOMAINS):
            cursor.execute(statement, params)
