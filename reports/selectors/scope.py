"""What a page looks at: the viewer's domains, one lens, and a span of UTC days. Every page selector takes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from reports.viewer import Viewer
from reports.vocabulary import Lens

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Scope:
    """`since` and `until` are both included. `domain_id` None means every domain that the viewer may see."""

    viewer: Viewer
    lens: Lens
    since: date
    until: date
    domain_id: int | None = None

    @property
    def days(self) -> list[date]:
        """Every UTC day of the span, oldest first."""
        return [self.since + timedelta(days=each) for each in range((self.until - self.since).days + 1)]

    def visible(self, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows of the viewer's organisation and domains, whatever their day and lens."""
        rows = rows.filter(organisation_id=self.viewer.organisation_id)
        if self.viewer.domain_ids is not None:
            rows = rows.filter(domain_id__in=self.viewer.domain_ids)
        return rows if self.domain_id is None else rows.filter(domain_id=self.domain_id)

    def on_days(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Visible rows of the span."""
        return self.visible(rows).filter(day__range=(self.since, self.until))

    def within(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Visible rows of the span in the lens."""
        return self.on_days(rows).filter(lens=self.lens)
