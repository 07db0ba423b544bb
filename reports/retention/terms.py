"""From the days that an organisation keeps things to the moments before which they go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from reports.models import Retention


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older goes: UTC days where things are filed by day, else moments."""

    reports: date
    failures: date
    events: date
    sums: date
    raw: datetime
    refused_raw: datetime
    ledger: datetime


def terms_of(organisation_id: int) -> Retention:
    """The organisation's terms, the defaults where it has set none."""
    return Retention.objects.filter(pk=organisation_id).first() or Retention(organisation_id=organisation_id)


def cutoffs_of(organisation_id: int, *, at: datetime) -> Cutoffs:
    """The cutoffs as of `at`."""
    terms, today = terms_of(organisation_id), at.astimezone(UTC).date()
    return Cutoffs(
        reports=today - timedelta(days=terms.reports),
        failures=today - timedelta(days=terms.failures),
        events=today - timedelta(days=terms.events),
        sums=today - timedelta(days=terms.sums),
        raw=at - timedelta(days=terms.raw),
        refused_raw=at - timedelta(days=terms.refused_raw),
        ledger=at - timedelta(days=terms.ledger),
    )
