"""Whole months of rows go by dropping their partition; what is held in them moves into the default partition before."""

from __future__ import annotations

import logging
from datetime import date, datetime

from django.db import OperationalError, connection

from reports.models import Organisation
from reports.partitions import TABLE, WAIT_MILLISECONDS, Month, months_made
from reports.retention.terms import cutoffs_of
from reports.retention.turn import turn

log = logging.getLogger(__name__)


def months_over(*, at: datetime) -> list[Month]:
    """The months whose every day is past the terms of all organisations, oldest first."""
    cutoffs = [cutoffs_of(pk, at=at).reports for pk in Organisation.objects.values_list("pk", flat=True)]
    last = min(cutoffs, default=date.min)
    return [month for month in months_made() if month.end <= last]


def drop_month(month: Month) -> bool:
    """Drop the month's partition and keep what belongs to domains on hold. False where somebody reads there for too long."""
    try:
        with turn(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}")
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {month.table}")
            cursor.execute(
                f"INSERT INTO {TABLE} SELECT r.* FROM {month.table} r "  # noqa: S608
                "JOIN reports_domain d ON d.id = r.domain_id WHERE d.held_at IS NOT NULL"
            )
            cursor.execute(f"DROP TABLE {month.table}")
    except OperationalError:
        log.warning("%s is in use and stays until the next run", month.table)
        return False
    return True
