"""How long an organisation keeps what. An organisation without a row keeps everything for the defaults."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from reports.models.organisation import Organisation

KINDS = ("reports", "failures", "raw", "refused_raw", "events", "ledger", "sums")
LONGEST = 36_500


def _days(default: int) -> models.PositiveIntegerField[int, int]:
    return models.PositiveIntegerField(default=default, db_default=default)


class Retention(models.Model):
    """All figures are days. Written by reports.retention.settings alone, with its audit entry.

    `reports`: aggregate and TLS reports with their rows, and judged mail of our own filters. `failures`: failure reports
    with their samples and raw mails. `raw`: bytes of other mails that held a report; `refused_raw`: of those that held
    none. `events`: whom judged mail was for, and by which host it came. `ledger`: messages that came in, and jobs.
    `sums`: the daily sums, which outlive what they were made of.
    """

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, primary_key=True)
    reports = _days(730)
    failures = _days(30)
    raw = _days(365)
    refused_raw = _days(14)
    events = _days(90)
    ledger = _days(730)
    sums = _days(3650)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(*((f"{kind}__range", (1, LONGEST)) for kind in KINDS)), name="retention_within_a_century"
            ),
            models.CheckConstraint(condition=Q(sums__gte=F("reports")), name="retention_sums_outlive_rows"),
            models.CheckConstraint(
                condition=Q(ledger__gte=F("reports"), raw__gte=F("refused_raw")),
                name="retention_ledger_outlives_reports",
            ),
        ]

    def __str__(self) -> str:
        return f"organisation {self.organisation_id}"
