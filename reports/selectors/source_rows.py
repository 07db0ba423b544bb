"""What only the rows of a source tell: computed once for each state of its sums. A year of a large source is 30,000 rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from django.db.models import QuerySet

from reports.models import AggregateRow, Domain, Source, SourceDay
from reports.selectors.counted import counted_rows
from reports.selectors.memory import asked_by, kept, written
from reports.selectors.scope import Scope

T = TypeVar("T")
MANY = 1000
"""Sums from which on it takes longer to read their rows than to remember."""


@dataclass(frozen=True)
class SourceRows:
    """The counted rows of one source in a scope.

    Whatever stores, replaces or leaves out a row writes the sum of its source in the same transaction (reports.rollups). Only
    the sums of days whose rows were let go stand as they are: where the span has such days, nothing is remembered.
    """

    scope: Scope
    source: Source

    def of(self, what: str, make: Callable[[QuerySet[AggregateRow]], T]) -> T:
        """What `make` answers about the rows, which JSON must know and which depends on nothing else."""
        if self._state is None:
            return make(self._rows)
        return kept(f"{what} of a source", self._state, lambda: make(self._rows))

    @property
    def _rows(self) -> QuerySet[AggregateRow]:
        return self.scope.within(counted_rows(self.scope.viewer.organisation_id).filter(source=self.source))

    @cached_property
    def _state(self) -> tuple[object, ...] | None:
        """None where nothing is to be remembered. At most two small queries."""
        sums = written(self.scope.within(SourceDay.objects.filter(source=self.source)))
        if sums[0] < MANY:
            return None
        gone = Domain.objects.filter(organisation_id=self.scope.viewer.organisation_id, rows_since__gt=self.scope.since)
        return None if gone.exists() else (*asked_by(self.scope), self.source.pk, *sums)
