"""The sign of life of beat, broker and worker together: one task a minute notes the time where everybody can read it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache

_KEY = "monitoring.heartbeat"
PATIENCE = timedelta(minutes=5)


def beat(*, at: datetime) -> None:
    """Note that a task of the schedule was sent, passed the broker and was worked on."""
    cache.set(_KEY, at.isoformat(), timeout=None)


def last_beat() -> datetime | None:
    """When that was for the last time; None where it never was."""
    noted = cache.get(_KEY)
    return datetime.fromisoformat(noted) if noted else None
