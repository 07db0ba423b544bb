"""Which reporters send regularly, and who of them fell silent: silence of one is seen before silence of all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from reports.models import Message
from reports.selectors.memory import kept
from reports.selectors.report_list import aggregate_reports
from reports.viewer import Viewer

WINDOW_DAYS = 60
REGULAR_DAYS = 7
"""Days with a report within the window from which on a reporter is expected to go on."""
PATIENCE = 2
"""So many of its usual intervals may pass, and LEAST_SILENCE_DAYS at least."""
LEAST_SILENCE_DAYS = 2
MOST_EXPECTED = 500
"""Those who report on the most days: anybody can make up names."""


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
    """Those who report regularly, the silent ones first. Asked anew whenever a mail came in or was read, else remembered."""
    today, messages = now.date(), Message.objects.filter(organisation_id=viewer.organisation_id)
    newest = list(messages.order_by("-received_at", "-pk").values_list("pk", "outcome")[:1])
    domains = None if viewer.domain_ids is None else sorted(viewer.domain_ids)
    state = (viewer.organisation_id, domains, today, newest, messages.filter(outcome=None).count())
    found = kept("reporters", state, lambda: _regular(viewer, today=today))
    states = [_state(*each, today=today) for each in found]
    return sorted(states, key=lambda state: (not state.is_silent, -state.days, state.name))


def _regular(viewer: Viewer, *, today: date) -> list[tuple[str, int, int, str, str]]:
    """Name, days with a report, reports, first and last day, of MOST_EXPECTED at most. One query over the reports of the window."""
    rows = aggregate_reports(viewer).filter(day__gt=today - timedelta(days=WINDOW_DAYS), day__lte=today).order_by()
    days_of: dict[str, dict[date, int]] = defaultdict(dict)
    # By reporter and day, for to count distinct days would sort all reports of the window.
    for name, day, reports in rows.values_list("org_name", "day").annotate(reports=Count("pk")):
        days_of[name][day] = reports
    found = [
        (name, len(days), sum(days.values()), min(days).isoformat(), max(days).isoformat())
        for name, days in days_of.items()
        if len(days) >= REGULAR_DAYS
    ]
    return sorted(found, key=lambda each: -each[1])[:MOST_EXPECTED]


def _state(name: str, days: int, reports: int, first_day: str, last_day: str, *, today: date) -> ReporterState:
    first, last = date.fromisoformat(first_day), date.fromisoformat(last_day)
    # The day that a report is about is over before it is sent, so yesterday's is the newest to expect.
    silent = max(0, (today - last).days - 1)
    usual = ((last - first).days + 1) / days
    return ReporterState(
        name=name,
        days=days,
        reports=reports,
        last_day=last,
        silent_days=silent,
        is_silent=silent >= max(LEAST_SILENCE_DAYS, PATIENCE * usual),
    )
