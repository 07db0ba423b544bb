"""Who deletes and who holds take turns, so that nothing goes in the moment in which it is held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from reports.rollups.buckets import LOCK_CLASS as BUCKETS
from reports.rollups.buckets import LOCK_STRIPES

LOCK_CLASS = 0x52455445


@contextmanager
def turn() -> Iterator[None]:
    """A transaction that no other turn runs beside."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK_CLASS])
        yield


@transaction.atomic
def wait_for_writers() -> None:
    """Wait until everybody who renews sums now has ended: whoever begins later sees what is committed here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, stripe) FROM generate_series(0, %s) AS s(stripe) ORDER BY stripe",
            [BUCKETS, LOCK_STRIPES - 1],
        )
