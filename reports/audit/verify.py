"""Checks the audit chain: recomputes every hash in the database and names the first entry that does not fit."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

_FIRST_BROKEN = """
SELECT id FROM (
    SELECT id, hash, previous_hash,
           coalesce(lag(hash) OVER chain, decode(repeat('00', 32), 'hex')) AS expected_previous,
           coalesce(lag(id) OVER chain, 0) + 1 AS expected_id,
           reports_audit_hash(entry) AS expected_hash
    FROM reports_auditentry AS entry WINDOW chain AS (ORDER BY id)
) AS linked
WHERE previous_hash <> expected_previous OR hash <> expected_hash OR id <> expected_id
ORDER BY id LIMIT 1
"""
_HEAD = "SELECT count(*), (SELECT hash FROM reports_auditentry ORDER BY id DESC LIMIT 1) FROM reports_auditentry"


@dataclass(frozen=True, slots=True)
class ChainState:
    """How many entries there are, the hash of the last one in hex, and the first entry that does not fit, if any.

    A chain cannot show by itself that entries were cut off its end: compare `entries` and `head` with a noted earlier
    state, whose head must still stand at its place.
    """

    entries: int
    head: str
    first_broken: int | None

    @property
    def is_whole(self) -> bool:
        return self.first_broken is None


def verify() -> ChainState:
    """Recompute the whole chain. One pass over the table in the database; nothing is loaded."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_BROKEN)
        broken = cursor.fetchone()
        cursor.execute(_HEAD)
        entries, head = cursor.fetchone() or (0, None)
    return ChainState(entries=entries, head=bytes(head or b"").hex(), first_broken=broken[0] if broken else None)
