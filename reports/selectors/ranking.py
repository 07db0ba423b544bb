"""The sources of a tab in an order, a page at a time: first which ones, by the one figure that orders them, then all about these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import Count, F, Max, Q, QuerySet, Sum, Window

from reports.models import Source, SourceDay
from reports.selectors.failing_sources import failing_sources, rows_of_tab
from reports.selectors.memory import Memory
from reports.selectors.scope import Scope
from reports.vocabulary import SourceVerdict

MOST_FAILING = ("-failing", "source_id")
_FAILED = F("messages") - F("aligned")
_ORDERED_BY = {"failing": Sum(_FAILED), "last_day": Max("day"), "address": F("source__address")}
_LEADING = """
    WITH sums AS MATERIALIZED (%s)
    (SELECT false, row_number() OVER (ORDER BY failing DESC, source_id), source_id, count(*) OVER () FROM sums
     ORDER BY 2 LIMIT %%s)
    UNION ALL
    (SELECT true, row_number() OVER (ORDER BY of_verdict DESC, source_id), source_id, (SELECT count(*) FROM sums) FROM sums
     WHERE of_verdict IS NOT NULL ORDER BY 2 LIMIT %%s)
"""
_Rows = list[dict[str, Any]]


class Leading(NamedTuple):
    """Rows of a ranking, those of one verdict among all of it, and how many sources it has."""

    first: _Rows
    of_verdict: _Rows
    total: int


@dataclass(frozen=True)
class Ranking:
    """What reports.selectors.failing_sources answers, cut like a QuerySet: it has `count`, `order_by` and slices.

    `total` is how many sources the tab has. With `sources`, only those among them; these answers are not remembered.
    """

    memory: Memory
    tab: str
    total: int
    sources: QuerySet[Source] | None = None
    verdict: SourceVerdict | None = None
    order: tuple[str, ...] = MOST_FAILING

    model = SourceDay

    def count(self) -> int:
        return self.total

    def order_by(self, *order: str) -> Ranking:
        return replace(self, order=order)

    def __getitem__(self, place: slice) -> list[dict[str, Any]]:
        return self.part(place.start or 0, place.stop)[0]

    def part(self, start: int, stop: int | None) -> tuple[list[dict[str, Any]], int]:
        """The rows from `start` to before `stop`, and how many there are in all: 0 where none is left to show."""
        if self.sources is not None:
            rows, number = self._part(start, stop)
        else:
            what = f"part of {self.tab} {self.verdict} {self.order} {start} {stop}"
            rows, number = self.memory.of(what, lambda: self._part(start, stop))
        return [read(row) for row in rows], number

    def leading(self, number: int, *, verdict: SourceVerdict, of_verdict: int) -> Leading:
        """The first of the ranking by failing messages, and of those with a verdict, from one look at all sums."""
        what = f"leading {number} of {self.tab} and {of_verdict} {verdict}"
        first, others, total = self.memory.of(what, lambda: self._leading(number, verdict, of_verdict))
        return Leading([read(row) for row in first], [read(row) for row in others], total)

    def _leading(self, number: int, verdict: SourceVerdict, of_verdict: int) -> tuple[_Rows, _Rows, int]:
        rows = rows_of_tab(self._scope, tab=self.tab, now=self._now)
        sums = rows.values("source_id").annotate(
            failing=Sum(_FAILED), of_verdict=Sum(_FAILED, filter=Q(verdict=verdict))
        )
        try:
            seen, params = sums.query.sql_with_params()
        except EmptyResultSet:
            return [], [], 0
        with connections[router.db_for_read(SourceDay)].cursor() as cursor:
            cursor.execute(_LEADING % seen, [*params, number, of_verdict])
            found = cursor.fetchall()
        first = [pk for is_other, _place, pk, _total in sorted(found) if not is_other]
        others = [pk for is_other, _place, pk, _total in sorted(found) if is_other]
        return self._told(first), replace(self, verdict=verdict)._told(others), found[0][3] if found else 0

    def _part(self, start: int, stop: int | None) -> tuple[list[dict[str, Any]], int]:
        ids, number = self._ids(start, stop)
        return self._told(ids), number

    def _told(self, ids: list[int]) -> _Rows:
        rows = failing_sources(self._scope, tab=self.tab, now=self._now).filter(source_id__in=ids)
        found = {row["source_id"]: row for row in self._of_verdict(rows)}
        return [plain(found[pk]) for pk in ids if pk in found]

    def _ids(self, start: int, stop: int | None) -> tuple[list[int], int]:
        rows = self._of_verdict(rows_of_tab(self._scope, tab=self.tab, now=self._now, sources=self.sources))
        wanted = {field.lstrip("-") for field in self.order} & set(_ORDERED_BY)
        sums = rows.values("source_id").annotate(**{name: _ORDERED_BY[name] for name in wanted})
        found = list(sums.annotate(number=Window(Count("*"))).order_by(*self.order)[start:stop])
        return [row["source_id"] for row in found], found[0]["number"] if found else 0

    def _of_verdict(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        return rows.filter(verdict=self.verdict) if self.verdict else rows

    @property
    def _scope(self) -> Scope:
        return self.memory.scope

    @property
    def _now(self) -> datetime:
        return self.memory.now


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON knows it and reports.selectors.memory keeps it: days as text, sums as whole numbers."""
    return {name: _word(value) for name, value in row.items()}


def _word(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, Decimal) else value


def read(row: dict[str, Any]) -> dict[str, Any]:
    """What `plain` made such, with its days."""
    return row | {name: date.fromisoformat(row[name]) for name in ("first_day", "last_day")}
