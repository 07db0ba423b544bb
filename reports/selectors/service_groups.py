"""Failing sources grouped by the service behind them: one row per service, those of which nothing is known together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import QuerySet

from reports.models import Source, SourceDay
from reports.selectors.failing_sources import rows_of_tab
from reports.selectors.identities import with_service
from reports.selectors.memory import Memory
from reports.selectors.ranking import plain, read
from reports.selectors.scope import Scope

_SUMMED = ("messages", "aligned", "dkim_aligned", "spf_aligned", "unaligned", "nothing")
# Few of all sources have a service, so these alone are named. Sums are made by service and From domain, of which there are few, and
# addresses are counted apart: grouped by address, there would be a group of all the sums for each of a hundred thousand.
_GROUPED = f"""
    WITH named AS MATERIALIZED (%s), by_name AS (
        SELECT COALESCE(service, '') AS service, header_from, min(day) AS first_day, max(day) AS last_day,
               {", ".join(f"sum({name}) AS {name}" for name in _SUMMED)}
        FROM (%s) days LEFT JOIN named ON named.pk = source_id GROUP BY 1, 2
    ), addresses AS (
        SELECT COALESCE(service, '') AS service, count(*) AS addresses
        FROM (%s) seen LEFT JOIN named ON named.pk = source_id GROUP BY 1
    )
    SELECT service, addresses, sum(messages) AS total, sum(messages - aligned) AS failing,
           sum(dkim_aligned) AS dkim, sum(spf_aligned) AS spf, sum(unaligned) AS unaligned_auth,
           sum(nothing) AS nothing_passes, min(first_day) AS first_day, max(last_day) AS last_day,
           array_agg(header_from ORDER BY header_from) AS from_domains
    FROM by_name JOIN addresses USING (service) GROUP BY service, addresses
"""  # noqa: S608 - names of columns alone
_NAMES = """SELECT md5(string_agg(concat_ws(' ', pk, service), ',' ORDER BY pk)) FROM (%s) named"""


def service_groups(memory: Memory, *, tab: str, sources: QuerySet[Source] | None = None) -> list[dict[str, Any]]:
    """One dict per service of the tab, with "service" "" for the unknown ones. Figures are messages; two queries.

    With `sources`, only those among them; these answers are not remembered.
    """
    named = with_service(organisation_id=memory.scope.viewer.organisation_id)
    if sources is not None:
        return _groups(memory.scope, tab=tab, now=memory.now, named=named, sources=sources)
    # What is looked up, and what people call services, is no part of the sums that the memory knows.
    what = f"services of {tab} {_run(_NAMES, named)}"
    rows = memory.of(what, lambda: [plain(row) for row in _groups(memory.scope, tab=tab, now=memory.now, named=named)])
    return [read(row) for row in rows]


def _groups(
    scope: Scope,
    *,
    tab: str,
    now: datetime,
    named: QuerySet[Source, Any],
    sources: QuerySet[Source] | None = None,
) -> list[dict[str, Any]]:
    rows = rows_of_tab(scope, tab=tab, now=now, sources=sources)
    days = rows.values("source_id", "header_from", "day", *_SUMMED)
    return _run(_GROUPED, named, days, rows.values("source_id").distinct())


def _run(statement: str, *parts: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    try:
        compiled = [part.query.sql_with_params() for part in parts]
    except EmptyResultSet:
        return []
    with connections[router.db_for_read(SourceDay)].cursor() as cursor:
        cursor.execute(
            statement % tuple(sql for sql, _ in compiled), [each for _, params in compiled for each in params]
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
