"""Whether the daily sums were compared with what they are made of, lately and with success."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reports.models import RollupCheck

PATIENCE = timedelta(days=2)
"""It comes each night: after two days without one, nobody is at it."""


@dataclass(frozen=True, slots=True)
class SumsState:
    """The last check of this installation, None before the first; `left` of its sums differ and were not mended."""

    check: RollupCheck | None
    left: int = 0
    is_old: bool = False

    @property
    def is_good(self) -> bool:
        return self.check is not None and not self.left and not self.is_old


def sums_state(*, now: datetime) -> SumsState:
    """One query."""
    check = RollupCheck.objects.order_by("-checked_at").first()
    if check is None:
        return SumsState(None)
    return SumsState(check, left=check.differing - check.repaired, is_old=check.checked_at < now - PATIENCE)
