"""Renews what is stored of messages in its place, where nothing has to be decided: values of reports, their rows, the sums."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from reports.ingest import ledger
from reports.ingest.aggregates import COLUMNS
from reports.ingest.copying import array_of, copy_lines, copy_rows
from reports.ingest.rows import COLUMNS as ROW_COLUMNS
from reports.models import AggregateReport, AggregateRow, Organisation
from reports.reread.compare import Renewal, Standing
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild

# Among reports of one identity it has to be decided which of them count, whatever their rows say of that; so it has where one
# stands back for this one, and any report may be the true one of a report from parsedmarc's output.
_AS_COMPARED = """
SELECT r.id FROM unnest(%(ids)s::bigint[], %(versions)s::xid[]) AS compared(id, version)
JOIN reports_aggregatereport r ON r.id = compared.id AND r.xmin = compared.version
WHERE NOT EXISTS (
    SELECT FROM reports_aggregatereport o
    WHERE o.organisation_id = %(organisation)s AND o.day = r.day AND o.identity = r.identity AND o.id <> r.id
)
AND NOT EXISTS (SELECT FROM reports_aggregatereport o WHERE o.superseded_by_id = r.id)
AND NOT EXISTS (SELECT FROM reports_aggregatereport o WHERE o.organisation_id = %(organisation)s AND o.is_secondhand)
"""
_TAKE_ROWS = """
DELETE FROM reports_aggregaterow r
USING unnest(%s::bigint[], %s::date[], %s::bigint[]) AS p(domain_id, day, report_id)
WHERE r.organisation_id = %s AND r.domain_id = p.domain_id AND r.day = p.day AND r.report_id = p.report_id
AND r.day BETWEEN %s AND %s
"""


def buckets_of(renewals: Iterable[Renewal], *, organisation: Organisation) -> set[Bucket]:
    """The buckets whose sums are renewed along."""
    filed = [each.filed for renewal in renewals for each in renewal.reports]
    return {Bucket(organisation.pk, each.domain_id, each.day) for each in filed}


def renew(renewals: Mapping[int, Renewal], *, organisation: Organisation, at: datetime) -> set[int]:
    """Put what was read of these messages (by id) over what is stored, and answer for which that was done.

    Of the others somebody has changed a report since it was compared, or other reports have a say: reports.reread.replace
    decides. The caller holds the messages and the buckets until the end of the transaction. A dozen statements, however
    many messages.
    """
    still = _as_compared([each for renewal in renewals.values() for each in renewal.reports], organisation=organisation)
    mine = {pk: each for pk, each in renewals.items() if all(report.pk in still for report in each.reports)}
    reports = [each for renewal in mine.values() for each in renewal.reports]
    others = [each for each in reports if not each.is_same]
    changed = [each for each in reports if not (each.is_same and each.has_same_rows)]
    if changed:
        _take_rows(changed, organisation=organisation)
        _write_again(others)
        lines = (line for each in changed for line in each.lines)
        copy_lines(AggregateRow._meta.db_table, ROW_COLUMNS, lines)
        rebuild(Bucket(organisation.pk, each.filed.domain_id, each.filed.day) for each in changed)
    ledger.finish_again([each.end for each in mine.values() if each.end], at=at)
    ledger.say_read([pk for pk, each in mine.items() if not each.end], at=at)
    return set(mine)


def _as_compared(reports: Sequence[Standing], *, organisation: Organisation) -> Collection[int]:
    params: dict[str, Any] = {
        "ids": array_of(each.pk for each in reports),
        "versions": array_of(int(each.version) for each in reports),
        "organisation": organisation.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AS_COMPARED, params)
        return {pk for (pk,) in cursor}


def _take_rows(reports: Sequence[Standing], *, organisation: Organisation) -> None:
    days = [each.filed.day for each in reports]
    domains, pks = array_of(each.filed.domain_id for each in reports), array_of(each.pk for each in reports)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_ROWS, [domains, array_of(days), pks, organisation.pk, min(days), max(days)])


def _write_again(reports: Sequence[Standing]) -> None:
    """Take the reports, whose rows are gone, and load them with what was read; nothing that refers to one notices."""
    if not reports:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM reports_aggregatereport WHERE id = ANY(%s::bigint[])", [array_of(each.pk for each in reports)]
        )
    copy_rows(AggregateReport._meta.db_table, COLUMNS, (each.values for each in reports))
