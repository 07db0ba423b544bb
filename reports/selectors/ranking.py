"""The sources of a tab in an order, a page at a time: first which ones, by the one figure that orders them, then all about these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Sum, Window

from reports.models import Source, SourceDay
from reports.selectors.failing_sources import failing_sources, rows_of_tab
from reports.selectors.memory import Memory
from reports.selectors.scope import Scope
from reports.vocabulary import SourceVerdict

MOST_FAILING = ("-failing", "source_id")
_ORDERED_BY = {"failing": Sum(F("messages") - F("aligned")), "last_day": Max("day"), "address": F("source__address")}


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

    def _part(self, start: int, stop: int | None) -> tuple[list[dict[str, Any]], int]:
        ids, number = self._ids(start, stop)
        rows = failing_sources(self._scope, tab=self.tab, now=self._now).filter(source_id__in=ids)
        found = {row["source_id"]: row for row in self._of_verdict(rows)}
        return [plain(found[pk]) for pk in ids if pk in found], number

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
