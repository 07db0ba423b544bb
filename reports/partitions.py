"""The month partitions of the rows of aggregate reports, made as they are needed.

Nothing depends on a month being there: what finds none lies in the default partition until one is made. So an absurd day
makes no partition, and whoever writes waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import OperationalError, connection, transaction

from reports.models import AggregateRow

TABLE = AggregateRow._meta.db_table
REST = f"{TABLE}_default"
PAST, FUTURE = timedelta(days=5 * 365), timedelta(days=365)
"""Days further from now than this have no month of their own: whoever invents days makes 73 partitions at most."""
LOCK_CLASS = 0x4D4F4E54
WAIT_MILLISECONDS = 2000


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC; `end` is the first day of the next one."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.replace(day=1))

    @property
    def end(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def table(self) -> str:
        return f"{TABLE}_{self.first:%Y_%m}"


def months_made() -> list[Month]:
    """The months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits "
            "WHERE inhparent = %s::regclass AND inhrelid <> %s::regclass",
            [TABLE, REST],
        )
        return sorted(Month(first) for (first,) in cursor.fetchall())


def make_months(days: Iterable[date], *, at: datetime) -> None:
    """Make the partitions that rows of these days want, each in a transaction of its own, and move in what waits for it.

    To be called outside of a transaction that writes rows. A month that cannot be had within WAIT_MILLISECONDS, since
    somebody reads or writes there, is left for the next time.
    """
    today = at.date()
    wanted = {Month.of(day) for day in days if today - PAST <= day <= today + FUTURE}
    if not wanted:
        return
    for month in sorted(wanted.difference(months_made())):
        with suppress(OperationalError):
            _make(month)


@transaction.atomic
def _make(month: Month) -> None:
    bounds = [month.first, month.end]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK_CLASS])
        cursor.execute("SELECT to_regclass(%s)", [month.table])
        if cursor.fetchone() != (None,):
            return  # another worker was faster
        # Else rows could come into the default partition between their moving and the new partition.
        cursor.execute(f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {month.table} (LIKE {TABLE} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {REST} WHERE day >= %s AND day < %s RETURNING *) "  # noqa: S608
            f"INSERT INTO {month.table} SELECT * FROM moved",
            bounds,
        )
        # The parent stays free for those who read and write: CREATE TABLE ... PARTITION OF would wait for all of them.
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {month.table} FOR VALUES FROM (%s) TO (%s)", bounds)
