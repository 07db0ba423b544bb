"""Which messages are to be read again: as a query, and as the parameters of a job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from reports.models import Message


@dataclass(frozen=True, slots=True)
class Selection:
    """All conditions hold at once; without any, all messages are meant. `since` is a UTC day of arrival."""

    message_id: int | None = None
    since: str = ""
    outcome: str = ""
    reason: str = ""

    def messages(self, organisation_id: int) -> QuerySet[Message]:
        """In the order in which they came in. Unread ones are left to the workers that read."""
        rows = Message.objects.filter(organisation_id=organisation_id, outcome__isnull=False)
        if self.message_id is not None:
            rows = rows.filter(pk=self.message_id)
        if self.since:
            rows = rows.filter(received_at__date__gte=date.fromisoformat(self.since))
        if self.outcome:
            rows = rows.filter(outcome=self.outcome)
        if self.reason:
            rows = rows.filter(reason=self.reason)
        return rows.order_by("pk")

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_json(cls, parameters: dict[str, Any]) -> Selection:
        return cls(**{name: parameters[name] for name in cls.__slots__ if name in parameters})
