"""Says in SQL what each daily sum is: of the counted rows of reports, of our filter's events and of its pass counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

BUCKET = "bucket AS (SELECT * FROM unnest(%(domains)s::bigint[], %(days)s::date[]) AS b(domain_id, day))"

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
LARGEST = 2**63 - 1
REPORTERS_KEPT = 100
"""Names in one sum, the first ones in their order: strangers can make up any number, and a value has to fit into a row."""


def total(expression: str) -> str:
    """A sum as bigint. Counts are what strangers send: a hostile one may not make its bucket fail for ever."""
    return f"LEAST(COALESCE({expression}, 0), {LARGEST})::bigint"


# Summed per reporter first, since DISTINCT in an aggregate would make PostgreSQL sort all rows by all keys.
BY_REPORTER = f"""by_reporter AS (
    SELECT {", ".join(SOURCE_KEYS)}, reporter,
           {", ".join(f"sum(messages) FILTER (WHERE {condition}) AS {name}" for name, condition in SUMS.items())}
    FROM seen GROUP BY {", ".join(SOURCE_KEYS)}, reporter
)"""  # noqa: S608
SOURCES_PARTS = f"{BUCKET}, {_SEEN}, {BY_REPORTER}"
SOURCES_COLUMNS = ", ".join(("organisation_id", *SOURCE_KEYS, *SUMS, "reporters"))
SOURCES = f"""
    SELECT %(organisation)s::bigint AS organisation_id, {", ".join(SOURCE_KEYS)},
           {", ".join(f"{total(f'sum({name})')} AS {name}" for name in SUMS)},
           (array_agg(reporter ORDER BY reporter COLLATE "C"))[:{REPORTERS_KEPT}] AS reporters
    FROM by_reporter GROUP BY {", ".join(SOURCE_KEYS)}
"""  # noqa: S608
DOMAINS_PARTS = BUCKET
DOMAINS_COLUMNS = ", ".join(("organisation_id", *DOMAIN_KEYS, *DOMAIN_SUMS))
DOMAINS = f"""
    SELECT %(organisation)s::bigint AS organisation_id, {", ".join(DOMAIN_KEYS)},
           {", ".join(f"{total(f'sum({name})')} AS {name}" for name in DOMAIN_SUMS)}
    FROM bucket JOIN reports_sourceday s USING (domain_id, day)
    WHERE s.organisation_id = %(organisation)s GROUP BY {", ".join(DOMAIN_KEYS)}
"""  # noqa: S608


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
