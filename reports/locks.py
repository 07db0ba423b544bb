"""Locks that one process holds for long work, and that the database drops by itself when its connection ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def held(lock_class: int, number: int) -> Iterator[bool]:
    """Hold a lock of this session until the end; False, at once, where another session holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock_class, number])
        (is_mine,) = cursor.fetchone()
    try:
        yield is_mine
    finally:
        # Where the session is gone, so is the lock, and an error here would hide what has ended it.
        if is_mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [lock_class, number])
