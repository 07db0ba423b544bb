"""The unit in which sums are kept, (organisation, domain, UTC day), and the lock that whoever changes one must hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.db import connection

LOCK_CLASS = 0x42554B54
"""First key of the advisory locks on buckets; other locks of the product take another."""
LOCK_STRIPES = 1024
"""A transaction may touch thousands of buckets, while PostgreSQL's lock table holds some 6,400 entries for everybody."""


class Bucket(NamedTuple):
    organisation_id: int
    domain_id: int
    day: date


def lock_buckets(buckets: Iterable[Bucket]) -> None:
    """Wait for the buckets until the end of this transaction; taken in one order, so that no two holders wait in a ring.

    Whoever holds a bucket is the only writer of its reports, events and sums, and sees all that earlier holders wrote.
    """
    stripes = sorted({_stripe(bucket) for bucket in buckets})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, stripe) FROM unnest(%s::int[]) WITH ORDINALITY AS s(stripe, n) ORDER BY n",
            [LOCK_CLASS, stripes],
        )


def _stripe(bucket: Bucket) -> int:
    name = f"{bucket.organisation_id}|{bucket.domain_id}|{bucket.day}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=4).digest()) % LOCK_STRIPES
