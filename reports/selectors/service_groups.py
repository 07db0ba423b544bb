"""Failing sources grouped by the service behind them: one row per service, those of which nothing is known together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import QuerySet

from reports.models import Source, SourceDay
from reports.selectors.failing_sources import rows_of_tab
from reports.selectors.identities import service_expression
from reports.selectors.scope import Scope

_SUMMED = ("messages", "aligned", "dkim_aligned", "spf_aligned", "unaligned", "nothing")
# A source has one service and hundreds of daily sums: it is named once, and its days are added up before.
_GROUPED = f"""
    WITH named AS MATERIALIZED (%s), by_source AS (
        SELECT source_id, header_from, min(day) AS first_day, max(day) AS last_day,
               {", ".join(f"sum({name}) AS {name}" for name in _SUMMED)}
        FROM (%s) days GROUP BY source_id, header_from
    )
    SELECT service, count(DISTINCT source_id) AS addresses, sum(messages) AS total, sum(messages - aligned) AS failing,
           sum(dkim_aligned) AS dkim, sum(spf_aligned) AS spf, sum(unaligned) AS unaligned_auth,
           sum(nothing) AS nothing_passes, min(first_day) AS first_day, max(last_day) AS last_day,
           array_agg(DISTINCT header_from) AS from_domains
    FROM by_source JOIN named ON named.pk = source_id GROUP BY service
"""  # noqa: S608 - names of columns alone


def service_groups(
    scope: Scope, *, tab: str, now: datetime, sources: QuerySet[Source] | None = None
) -> list[dict[str, Any]]:
    """One dict per service of the tab, with "service" "" for the unknown ones. Figures are messages; one query."""
    organisation_id = scope.viewer.organisation_id
    service = service_expression("address", organisation_id=organisation_id)
    among = Source.objects.filter(organisation_id=organisation_id) if sources is None else sources
    days = rows_of_tab(scope, tab=tab, now=now).values("source_id", "header_from", "day", *_SUMMED)
    try:
        named, named_params = among.values("pk", service=service).query.sql_with_params()
        seen, seen_params = days.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[router.db_for_read(SourceDay)].cursor() as cursor:
        cursor.execute(_GROUPED % (named, seen), [*named_params, *seen_params])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
