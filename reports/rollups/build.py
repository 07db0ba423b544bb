"""Recomputes the daily sums of whole buckets from all that they are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection, transaction

from reports.models import Domain
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.sums import (
    BUCKET,
    DOMAINS,
    DOMAINS_COLUMNS,
    DOMAINS_PARTS,
    SOURCES,
    SOURCES_COLUMNS,
    SOURCES_PARTS,
    parameters,
)

_BUILD_SOURCES = f"WITH {SOURCES_PARTS} INSERT INTO reports_sourceday ({SOURCES_COLUMNS}) {SOURCES}"
_BUILD_DOMAINS = f"WITH {DOMAINS_PARTS} INSERT INTO reports_domainday ({DOMAINS_COLUMNS}) {DOMAINS}"
_CLEAR = tuple(
    f"WITH {BUCKET} DELETE FROM {table} t USING bucket "  # noqa: S608
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


def rows_since(domain_ids: set[int]) -> dict[int, date]:
    """The day before which rows are gone, for the domains that have lost any."""
    found = Domain.objects.filter(pk__in=domain_ids, rows_since__isnull=False)
    return {pk: since for pk, since in found.values_list("pk", "rows_since") if since}


def _rebuild(params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in (*_CLEAR, _BUILD_SOURCES, _BUILD_DOMAINS):
            cursor.execute(statement, params)
