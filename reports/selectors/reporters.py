"""Which reporters send regularly, and who of them fell silent: silence of one is seen before silence of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min

from reports.selectors.report_list import aggregate_reports
from reports.viewer import Viewer

WINDOW_DAYS = 60
REGULAR_DAYS = 7
"""Days with a report within the window from which on a reporter is expected to go on."""
PATIENCE = 2
"""So many of its usual intervals may pass, and LEAST_SILENCE_DAYS at least."""
LEAST_SILENCE_DAYS = 2


@dataclass(frozen=True, slots=True)
class ReporterState:
    """A reporter (org_name) that reported on `days` of the last WINDOW_DAYS UTC days, for the last time about `last_day`."""

    name: str
    days: int
    reports: int
    last_day: date
    silent_days: int
    is_silent: bool


def expected_reporters(viewer: Viewer, *, now: datetime) -> list[ReporterState]:
    """Those who report regularly, the silent ones first. One query over the reports of the window."""
    today = now.date()
    since = today - timedelta(days=WINDOW_DAYS)
    found = (
        aggregate_reports(viewer)
        .filter(day__gt=since, day__lte=today)
        .values("org_name")
        .annotate(days=Count("day", distinct=True), reports=Count("pk"), first_day=Min("day"), last_day=Max("day"))
        .filter(days__gte=REGULAR_DAYS)
        .order_by("-days", "org_name")
    )
    states = [_state(row, today=today) for row in found]
    return sorted(states, key=lambda state: (not state.is_silent, -state.days, state.name))


def _state(row: dict[str, Any], *, today: date) -> ReporterState:
    # The day that a report is about is over before it is sent, so yesterday's is the newest to expect.
    silent = max(0, (today - row["last_day"]).days - 1)
    usual = ((row["last_day"] - row["first_day"]).days + 1) / row["days"]
    return ReporterState(
        name=row["org_name"],
        days=row["days"],
        reports=row["reports"],
        last_day=row["last_day"],
        silent_days=silent,
        is_silent=silent >= max(LEAST_SILENCE_DAYS, PATIENCE * usual),
    )
