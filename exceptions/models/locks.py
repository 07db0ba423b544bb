"""Locks on what has no row yet to lock: held until the end of the transaction, one after the other per organisation."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection


class Locked(IntEnum):
    """What is locked; the values are the first keys of PostgreSQL's advisory locks, apart from those of other modules."""

    ENFORCEMENT = 0x454E4643
    PUBLICATION = 0x5055424C
    SIGNING_KEY = 0x4B455953


def lock(what: Locked, *, organisation_id: int = 0) -> None:
    """Wait for whoever holds it. The caller is in a transaction, and reads what it protects afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [what, organisation_id])
