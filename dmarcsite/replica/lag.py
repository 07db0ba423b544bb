"""How far the replica is behind the primary. Asked at most every few seconds; an answer is never waited for long."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import DatabaseError, connections

PRIMARY, REPLICA = "default", "replica"
MOST_SECONDS = 60
"""A replica further behind is not read: pages would show an hour ago as now."""
ASK_EVERY = 5.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """The last answer: `seconds` behind, None where the replica cannot be used; `asked` is a monotonic time."""

    seconds: float | None = None
    asked: float = float("-inf")


_watch = Watch()


def usable_lag(*, now: float | None = None) -> float | None:
    """Seconds that the replica is behind; None where none is configured, it does not answer, or is too far behind."""
    if REPLICA not in connections:
        return None
    now = time.monotonic() if now is None else now
    if now - _watch.asked >= ASK_EVERY:
        _watch.asked = now
        _watch.seconds = _ask()
    return _watch.seconds if _watch.seconds is not None and _watch.seconds <= MOST_SECONDS else None


def distrust() -> None:
    """Do not read the replica until it was asked again: it has just failed."""
    _watch.seconds, _watch.asked = None, time.monotonic()


def _ask() -> float | None:
    """Zero where the replica has replayed all that the primary wrote; a quiet primary is no lag."""
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn()")
        (written,) = cursor.fetchone()
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(
                "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() >= %s::pg_lsn, "
                "extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8",
                [written],
            )
            is_replica, is_level, seconds = cursor.fetchone()
    except DatabaseError as error:
        connections[REPLICA].close()
        log.warning("the read replica does not answer, pages read the primary: %s", str(error).strip())
        return None
    if not is_replica:
        log.warning("DATABASE_READ_URL names no replica (the server is not in recovery): pages read the primary")
        return None
    if is_level:
        return 0.0
    return max(0.0, seconds) if seconds is not None else None
